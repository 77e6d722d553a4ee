"""A clean stop: the first signal is heard between two parts of the work, a second one ends it at once."""

from __future__ import annotations

import errno
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import typer

from keytui.cli.streams import discard_output

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
    """While this lasts, ctrl+c, SIGTERM and SIGHUP ask for a stop instead of ending the process.

    A terminal that went with SIGHUP hears nothing more, and that is no fault of its own.
    """
    stop = Stop()
    heard = [number for number in _HEARD if signal.getsignal(number) is not signal.SIG_IGN]  # as `nohup` has it
    before = {number: signal.signal(number, stop.hear) for number in heard}
    try:
        yield stop
    except OSError as error:
        if stop.code is None or error.errno != errno.EIO or error.filename is not None:
            raise
        discard_output()
        raise typer.Exit(stop.code) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
