"""A filesystem that fails at the n-th change: in this process, where Python opens, writes, names, flushes or closes.

What SQLite writes goes past it: `tests/faults/statements.py` fails there.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest

import keytui

WAYS: Final = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES)
_CHANGES: Final = ("replace", "rename", "link", "write", "fsync", "chmod", "fchmod", "mkdir")
_FOR_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_OURS: Final = Path(keytui.__file__).parent


class Disk:
    """Counts the changes of the code that runs on it. The one numbered `fails_at` fails, and those after it too where
    it `stays` broken; what is written there stands half on the disk, as it does when the room ends.

    Removing and reading go on, as on a disk that is full.
    """

    def __init__(self) -> None:
        self.changes = 0
        self.fails_at = 0
        self.way = errno.ENOSPC
        self.stays = False
        self.asked_by: set[str] = set()
        """The modules of keytui that changed something, by their path in the package."""

    @property
    def failed(self) -> bool:
        """Whether there were so many changes."""
        return 0 < self.fails_at <= self.changes

    @contextmanager
    def under(self, monkeypatch: pytest.MonkeyPatch, fails_at: int, way: int, *, stays: bool = False) -> Iterator[None]:
        """What runs inside stands on this disk."""
        self.changes, self.fails_at, self.way, self.stays = 0, fails_at, way, stays
        with monkeypatch.context() as patched:
            for name in _CHANGES:
                patched.setattr(os, name, self._may_fail(getattr(os, name)))
            patched.setattr(os, "open", self._opening(os.open))
            patched.setattr(io, "open", self._file)
            yield

    def change(self) -> OSError | None:
        """One more; the error that it meets."""
        self.changes += 1
        frame = sys._getframe()
        self.asked_by |= {path for path in _callers(frame) if path is not None}
        fails = self.changes == self.fails_at or (self.stays and self.failed)
        return OSError(self.way, os.strerror(self.way)) if fails else None

    def _may_fail(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            error = self.change()
            if error is not None:
                raise error
            return real(*given, **named)

        return call

    def _opening(self, real: Callable[..., int]) -> Callable[..., int]:
        def opened(path: Any, flags: int, *more: Any, **named: Any) -> int:
            error = self.change() if flags & _FOR_WRITING else None
            if error is not None:
                raise error
            return real(path, flags, *more, **named)

        return opened

    def _file(self, file: Any, mode: str = "r", *more: Any, **named: Any) -> Any:
        """As `io.open`. What has an opener of its own is a test's, and stands elsewhere."""
        if not set(mode) & set("wxa+") or "opener" in named:
            return _REAL_OPEN(file, mode, *more, **named)
        error = None if isinstance(file, int) else self.change()
        if error is not None:
            raise error
        raw = _Writing(file, mode.replace("b", ""))
        raw.disk = self
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, "utf-8")


class _Writing(io.FileIO):
    """A file on that disk."""

    disk: Disk

    def write(self, content: Any) -> int:
        error = self.disk.change()
        if error is None:
            return super().write(content)
        if error.errno == errno.ENOSPC:
            super().write(bytes(content)[: len(content) // 2])
        raise error


_REAL_OPEN: Final = io.open


def _callers(frame: FrameType | None) -> Iterator[str | None]:
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        yield str(path.relative_to(_OURS)) if path.is_relative_to(_OURS) else None
        frame = frame.f_back
