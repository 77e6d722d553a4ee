"""A clean stop: the first signal is heard between two parts of the work, a second one ends it at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_HEARD: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Whether somebody wants the work to stop; `code` is the exit code that tells so."""

    def __init__(self) -> None:
        self.code: int | None = None

    def hear(self, number: int, _frame: FrameType | None) -> None:
        """A signal came."""
        if self.code is not None:
            raise KeyboardInterrupt
        self.code = 128 + number


@contextmanager
def stopped_cleanly() -> Iterator[Stop]:
    """While this lasts, ctrl+c, SIGTERM and SIGHUP ask for a stop instead of ending the process."""
    stop = Stop()
    heard = [number for number in _HEARD if signal.getsignal(number) is not signal.SIG_IGN]  # as `nohup` has it
    before = {number: signal.signal(number, stop.hear) for number in heard}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
