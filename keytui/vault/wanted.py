"""Whether an answer is still wanted: whoever asks may say from any thread that it is not, and who answers stops.

Only questions are broken off, never a change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from keytui.domain.errors import KeytuiError


class Unwanted(KeytuiError):
    """Nobody waits for the answer any more. It reaches only who has asked and said so."""


class Wanted:
    """One or several questions that are asked for one purpose."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._over = False
        self._stops: list[Callable[[], object]] = []

    def drop(self) -> None:
        """Nobody waits any more. Whoever works on an answer is told to stop, and not waited for."""
        with self._lock:
            stops = () if self._over else tuple(self._stops)
            self._over = True
            for stop in stops:
                stop()

    @contextmanager
    def stopping(self, stop: Callable[[], object]) -> Iterator[None]:
        """Work that `stop` ends, which is called from another thread and returns at once; never after this block.

        Unwanted when nobody waits already, and in place of any error that comes once nobody does.
        """
        with self._lock:
            self.require()
            self._stops.append(stop)
        try:
            yield
        except Exception:
            self.require()
            raise
        finally:
            with self._lock:
                self._stops.remove(stop)

    def require(self) -> None:
        """Unwanted when nobody waits any more."""
        if self._over:
            raise Unwanted("the question was broken off", "ask again") from None
