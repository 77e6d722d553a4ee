"""How far a long command is, on standard error: one line that is written anew, or a line now and then."""

from __future__ import annotations

import os
import shutil
import sys
import time
from types import TracebackType
from typing import Final, Self

from keytui.cli.plainly import plain

_REDRAWN_EVERY: Final = 0.2
_SAID_EVERY: Final = 10.0
"""Seconds between two lines where nothing can be written over: in a pipe, in a log, and for a screen reader."""


class ProgressLine:
    """`keys.csv: 120,000 of 1,000,000, 11,000 a second`. A `quiet` one says nothing."""

    def __init__(self, what: str, total: int, *, quiet: bool) -> None:
        self._what = what
        self._total = total
        self._quiet = quiet
        self._redraws = sys.stderr.isatty() and not plain() and os.environ.get("TERM", "dumb") != "dumb"
        self._began = self._said_at = time.monotonic()
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.clear()

    def at(self, done: int) -> None:
        """So many are done."""
        now = time.monotonic()
        if self._quiet or now - self._said_at < (_REDRAWN_EVERY if self._redraws else _SAID_EVERY):
            return
        self._said_at = now
        line = f"{self._what}: {done:,} of {self._total:,}, {done / (now - self._began):,.0f} a second; ctrl+c stops"
        if self._redraws:
            sys.stderr.write(f"\r{line[: shutil.get_terminal_size().columns - 1]}\x1b[K")
            self._drawn = True
        else:
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away, so that something else can be said."""
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = False
