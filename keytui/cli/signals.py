"""Signals that end a command: it ends as at ctrl+c, so that what it has begun is undone or told."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Ended(KeyboardInterrupt):
    """A signal asked the command to end."""


@dataclass
class Heard:
    """What was heard while a command ran."""

    number: int = 0
    """Of the signal; 0 when there was none."""

    def end(self, number: int, _frame: FrameType | None) -> None:
        """End the command."""
        self.number = number
        raise Ended


@contextmanager
def heard() -> Iterator[Heard]:
    """Within, each of these signals raises Ended, unless whoever began us ignores it (`nohup`)."""
    hears = Heard()
    if threading.current_thread() is not threading.main_thread():
        yield hears
        return
    ours = [number for number in ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, hears.end)
    try:
        yield hears
    finally:
        leave_alone(ours)


def leave_alone(numbers: Iterable[signal.Signals] = ENDING) -> None:
    """From now on these end the process as they do any other, where they would have raised Ended."""
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
