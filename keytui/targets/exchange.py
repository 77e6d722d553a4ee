"""What every exchange with a store has in common: it ends in time, and no words of the store's give a secret away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from queue import Empty, Queue
from typing import Final, TypeVar

from keytui.domain.errors import Invalid
from keytui.domain.fields import Fields
from keytui.domain.references import Reference, Resolve
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless

MOST_BYTES: Final = 4 * 1024 * 1024
"""An answer that is longer is not taken in: no secret's is."""
_LONGEST: Final = timedelta(minutes=2)
"""A run of auto-rotation holds its lease for longer than any one target may take."""
_SHOWN: Final = 300
"""Characters of a store's own complaint that an error repeats."""

Answer = TypeVar("Answer")


class Patience:
    """So many seconds for all calls of one exchange. Libraries bound each read of a socket, and not the sum of them."""

    def __init__(self, timeout: timedelta) -> None:
        self._until = time.monotonic() + timeout.total_seconds()

    @property
    def left(self) -> float:
        """Seconds; a little even at the end, so that what is given as a timeout is one."""
        return max(self._until - time.monotonic(), 0.001)

    @property
    def over(self) -> bool:
        """Whether nobody waits any more: what goes on piece by piece looks here, and ends."""
        return time.monotonic() > self._until

    def call(self, act: Callable[[], Answer]) -> Answer:
        """What a call gives or raises. TimeoutError when the time is up; the call is left behind, and may still work.

        It may do one thing only: nobody would keep it from going on to the next.
        """
        answers: Queue[Answer | _Raised] = Queue()

        def run() -> None:
            try:
                answers.put(act())
            except Exception as error:  # told to whoever waits
                answers.put(_Raised(error))

        threading.Thread(target=run, name="exchange", daemon=True).start()
        try:
            answer = answers.get(timeout=self.left)
        except Empty:
            raise TimeoutError("no whole answer in time") from None
        if isinstance(answer, _Raised):
            raise answer.error
        return answer


class _Raised:
    """What a call raised, on its way to whoever waits."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def whole_timeout(fields: Fields, default: str = "30s") -> timedelta:
    """`timeout`: how long an exchange may take in all."""
    timeout = fields.duration("timeout", default)
    if not timedelta() < timeout <= _LONGEST:
        raise fields.wrong("timeout", "is not between 1 second and 2 minutes", f'as in timeout = "{default}"')
    return timeout


def credential(resolve: Resolve, reference: Reference) -> Secret:
    """What a reference stands for, read anew. Invalid where no header could carry it: a library would repeat it."""
    secret = resolve(reference)
    value = secret.reveal()
    if not value or not value.isascii() or not value.isprintable() or value != value.strip():
        raise Invalid(
            f"{reference} holds nothing that can be sent as a credential", "check what it names: blanks around it count"
        )
    return secret


def said(text: str, *secrets: Secret) -> str:
    """A store's own words, made harmless and short, without any of the secrets: it may say back what it was sent."""
    for secret in secrets:
        if secret:
            text = text.replace(secret.reveal(), "…")
    return harmless(text.strip())[:_SHOWN]
