"""What goes wrong in a target, with the target's name before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from keytui.domain.errors import Invalid, NotFound, OutcomeUnknown, Refused, Unreachable


@contextmanager
def errors_of(target: str) -> Iterator[None]:
    """Begin each error with the target's name. What a place does not allow is Refused: it does not hold the secret."""
    try:
        yield
    except (Unreachable, OutcomeUnknown) as error:
        raise type(error)(f"target {target}: {error.message}", error.hint) from None
    except (Refused, Invalid, NotFound) as error:
        raise Refused(f"target {target}: {error.message}", error.hint) from None
