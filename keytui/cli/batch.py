"""The same work on several keys, one after another: one failure neither stops nor hides the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keytui.cli.exits import Partly
from keytui.cli.handover import OutputLost
from keytui.cli.output import progress, remark
from keytui.domain.errors import KeytuiError
from keytui.domain.keys import Key


def each(keys: Sequence[Key], work: Callable[[Key], None]) -> None:
    """Do the work on every key. Partly when some of it failed; the first error when all of it did.

    Where the output is lost nothing more is tried: there is nobody left to hand a secret to.
    """
    failures: list[KeytuiError] = []
    tried = 0
    for key in keys:
        tried += 1
        progress(f"{tried} of {len(keys)}: {key.name}")
        try:
            work(key)
        except KeytuiError as error:
            failures.append(error)
            remark(f"{key.name} ({key.environment}): {error.message}")
            if isinstance(error, OutputLost):
                break
    done = tried - len(failures)
    if failures and not done:
        raise failures[0]
    if failures:
        raise Partly(f"{done} of {len(keys)} done, {len(failures)} failed, {len(keys) - tried} not tried")
