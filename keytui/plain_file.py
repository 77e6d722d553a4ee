"""Plain files, read without waiting for what is none: a pipe that has a file's name would hold us up for ever."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

_OPENED: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KINDS: Final = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_plain(path: Path) -> BinaryIO:
    """A file to be read. OSError as `open` has it, and for what is no file: its `strerror` says what it is instead."""
    try:
        descriptor = os.open(path, _OPENED)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket is not opened at all
            raise OSError(errno.EINVAL, f"it is {kind_of(path)}, and no file", str(path)) from None
        raise
    if kind := kind_by(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, f"it is {kind}, and no file", str(path))
    return os.fdopen(descriptor, "rb")


def read_plain(path: Path) -> bytes:
    """All that is in a file; OSError as `open_plain` has it."""
    with open_plain(path) as file:
        return file.read()


def kind_of(path: Path) -> str:
    """What has this name where it is no file: "a directory", "a pipe", …; "" for a file, and for nothing at all."""
    try:
        return kind_by(path.stat().st_mode)
    except OSError:
        return ""


def kind_by(mode: int) -> str:
    """The same, by the mode that `stat` gives."""
    return next((kind for is_kind, kind in _KINDS if is_kind(mode)), "")
