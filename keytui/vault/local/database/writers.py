"""Who writes next. The writers of a process queue here, so that those who wait hold no connection to the database.

What another process holds for long holds up the first of them only. Nobody waits for ever, and nobody when the vault
closes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
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
    """Those of one process that write to one vault. `refusal` says that somebody else has it, and what to do."""

    def __init__(self, refusal: Callable[[], Unreachable], seconds: Callable[[], float] = time.monotonic) -> None:
        self._refusal = refusal
        self._seconds = seconds
        self._turn = Lock()
        self._queuing = Lock()
        self._queue: list[object] = []
        self.closing = False
        """Whether nobody waits any more, or only for `LAST_PATIENCE`."""
        self._until: float | None = None
        """How long whoever has the turn may wait for other processes; None while nobody has it."""
        self._asking_since: float | None = None
        """Since when whoever has the turn asks for the other processes' leave."""

    def give_up(self) -> None:
        """The vault is being closed: who waits is refused, and who comes yet waits for a moment only."""
        self.closing = True

    @contextmanager
    def turn(self, patience: float) -> Iterator[None]:
        """Be the only writer of this process. Unreachable when that takes longer than `patience`, in seconds."""
        with self._queued() as place:
            until = self._wait(patience, place)
        self._until = until
        try:
            yield
        finally:
            self._until = self._asking_since = None
            self._turn.release()

    def ask_others(self, may: Callable[[], bool]) -> None:
        """Ask until it is so that this process `may` write, beside all others. Unreachable when that takes too long."""
        self._asking_since = self._seconds()
        until = self._asking_since + PATIENCE if self._until is None else self._until
        in_time = not self.closing
        while not may():
            self._go_on(until, in_time=in_time)
        self._asking_since = None

    def _wait(self, patience: float, place: Callable[[], int]) -> float:
        """Take the turn; until when its owner may wait on."""
        in_time = not self.closing
        until = self._seconds() + (patience if in_time else min(patience, LAST_PATIENCE))
        while not self._turn.acquire(timeout=LOOK_EVERY):
            self._go_on(until, in_time=in_time)
            if self._is_held_up() and place() >= _MOST_HELD_UP:
                raise self._refusal()
        return until

    def _go_on(self, until: float, *, in_time: bool) -> None:
        if self._seconds() >= until or (self.closing and in_time):
            raise self._refusal()

    def _is_held_up(self) -> bool:
        since = self._asking_since
        return since is not None and self._seconds() - since > _HELD_UP

    @contextmanager
    def _queued(self) -> Iterator[Callable[[], int]]:
        """Stand in the queue; how many stand before."""
        me = object()
        with self._queuing:
            self._queue.append(me)

        def place() -> int:
            with self._queuing:
                return self._queue.index(me)

        try:
            yield place
        finally:
            with self._queuing:
                self._queue.remove(me)
