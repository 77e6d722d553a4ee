"""What opens the seal, while a process may use it: until it is locked anywhere, or nobody used it for ten minutes."""

from __future__ import annotations

from datetime import timedelta
from threading import Lock
from typing import Final, Generic, TypeVar

from keytui.clock import Clock

IDLE_AFTER: Final = timedelta(minutes=10)
T = TypeVar("T")


class Held(Generic[T]):
    """A data key or a passphrase, in memory only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._held: T | None = None
        self._epoch = 0
        self._used_at = clock()

    def hold(self, held: T, epoch: int) -> None:
        """Keep it from now on. `epoch` is the seal's: a later one means that it opens nothing any more."""
        with self._lock:
            self._held, self._epoch, self._used_at = held, epoch, self._clock()

    def drop(self) -> None:
        """Forget it."""
        with self._lock:
            self._held = None

    def take(self, epoch: int) -> T | None:
        """It, for use now; None when it is locked."""
        with self._lock:
            held = self._current(epoch)
            self._used_at = self._clock()
            return held

    def is_held(self, epoch: int) -> bool:
        """Whether it could be used; asking does not count as use."""
        with self._lock:
            return self._current(epoch) is not None

    def _current(self, epoch: int) -> T | None:
        if epoch != self._epoch or abs(self._clock() - self._used_at) >= IDLE_AFTER:
            self._held = None
        return self._held
