"""Who writes next. The writers of a process queue here, so that those who wait hold no connection to the database.

What another process holds for long holds up the first of them only. Nobody waits for ever, and nobody when the vault
closes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Final

from keytui.domain.errors import Unreachable

PATIENCE: Final = 30.0
"""Seconds that a writer waits for the others."""
LAST_PATIENCE: Final = 2.0
"""Seconds that it waits in a vault that is being closed: what is left then is a signature, or a job to leave."""
LOOK_EVERY: Final = 0.25
"""Seconds of one wait, after which ctrl+c and the closing of the vault are heard."""
_HELD_UP: Final = 3.0
"""Seconds after which another process holds this one up: no change of keytui's takes as long."""
_MOST_HELD_UP: Final = 8
"""Who may wait on then. Each has a thread, and a server's 40 are needed by those who read."""


class Writers:
    """Those of one process that write to one vault, in the order of their coming: the first of them has the turn.

    `where` the vault is, and the `refusal` that says that another process has it, and what to do.
    """

    def __init__(
        self, where: str, refusal: Callable[[], Unreachable], seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._where = where
        self._refusal = refusal
        self._seconds = seconds
        self._queue: list[SimpleQueue[None]] = []
        """A bell of each, which rings when the turn may be its own."""
        self.closing = False
        """Whether nobody waits any more, or only for `LAST_PATIENCE`."""
        self._until: float | None = None
        """How long whoever had the turn last may wait for other processes; None while nobody had it."""
        self._asking_since: float | None = None
        """Since when whoever has the turn asks for the other processes' leave."""

    def give_up(self) -> None:
        """The vault is being closed: who waits is refused, and who comes yet waits for a moment only."""
        self.closing = True

    @contextmanager
    def turn(self, patience: float) -> Iterator[None]:
        """Be the only writer of this process. Unreachable when that takes longer than `patience`, in seconds.

        One call of the interpreter's own enters the queue, and one leaves it: ctrl+c comes between such calls, and
        leaves nobody behind in it.
        """
        bell: SimpleQueue[None] = SimpleQueue()
        try:
            self._queue.append(bell)
            self._until = self._wait(patience, bell)
            yield
        finally:
            self._queue.remove(bell)
            for first in self._queue[:1]:
                first.put(None)

    def ask_others(self, may: Callable[[], bool]) -> None:
        """Ask until it is so that this process `may` write, beside all others. Unreachable when that takes too long."""
        try:
            self._asking_since = self._seconds()
            in_time, until = not self.closing, self._asking_since + self.patience_left()
            while not may():
                if self._is_over(until, in_time=in_time):
                    raise self._refusal()
        finally:
            self._asking_since = None

    def patience_left(self) -> float:
        """Seconds that whoever has the turn may wait on for other processes."""
        left = PATIENCE if self._until is None else max(self._until - self._seconds(), 0.0)
        return min(left, LAST_PATIENCE) if self.closing else left

    def _wait(self, patience: float, bell: SimpleQueue[None]) -> float:
        """Wait for the turn; until when its owner may wait on."""
        in_time = not self.closing
        until = self._seconds() + (patience if in_time else min(patience, LAST_PATIENCE))
        while self._queue[0] is not bell:
            try:
                bell.get(timeout=LOOK_EVERY)
            except Empty:
                if self._is_over(until, in_time=in_time) or self._are_too_many(bell):
                    raise self._refused() from None
        return until

    def _is_over(self, until: float, *, in_time: bool) -> bool:
        return self._seconds() >= until or (self.closing and in_time)

    def _are_too_many(self, bell: SimpleQueue[None]) -> bool:
        """Whether another process holds this one up, and enough wait for it already, behind the one that asks."""
        since = self._asking_since
        return since is not None and self._seconds() - since > _HELD_UP and self._queue.index(bell) > _MOST_HELD_UP

    def _refused(self) -> Unreachable:
        """Of the turn. Another process is to blame only where the one that has it asks for that one's leave."""
        if self._asking_since is not None:
            return self._refusal()
        return Unreachable(
            f"the vault {self._where} is busy: another change of this same process takes very long",
            "wait until that one is done, then do the same again: the vault stands as it was",
        )
