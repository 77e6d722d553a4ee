"""A file that appears whole or not at all: drawn up beside its place, and put there once it is on the disk."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Final

from keytui.domain.errors import Invalid, Refused
from keytui.text_file import flush_names

_COMPANIONS: Final = ("-journal", "-wal", "-shm")
"""What SQLite keeps beside a file that it works on."""
_CHANCE: Final = 8
"""Bytes in a draft's name."""


@contextmanager
def drafted(path: Path, *, replace: bool) -> Iterator[Path]:
    """An empty file beside `path`, 0600, to be filled. After the block it stands at `path`; if it raises, nowhere.

    Refused when something stands there, unless `replace`; Invalid when the place cannot be written.
    """
    if path.is_dir():
        raise Invalid(f"{path} is a directory", "name a file in it")
    if not replace and (path.exists() or path.is_symlink()):
        raise _taken(path)
    try:
        _remove_those_of_the_dead(path)
        draft, descriptor = _begun(path)
        try:
            yield draft
            _put(draft, path, replace=replace)
            flush_names(path.parent)
        finally:
            os.close(descriptor)
            _remove(draft)
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}", "name a place that you may write to") from None


def _begun(path: Path) -> tuple[Path, int]:
    """An empty draft that is held: before it was, another process may have taken it for one of the dead."""
    while True:
        draft = path.with_name(f".{path.name}.{token_hex(_CHANCE)}")
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with suppress(OSError):  # where nothing can be held, nobody removes it either
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # at most as long as somebody removes it
        if draft.exists():
            return draft, descriptor
        os.close(descriptor)


def _remove_those_of_the_dead(path: Path) -> None:
    """A draft is held as long as its process lives: the copy of a whole vault does not stay behind."""
    left = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{{2 * _CHANCE}}}")
    with suppress(OSError):  # a directory that cannot be read may be written all the same
        for draft in [each for each in path.parent.iterdir() if left.fullmatch(each.name)]:
            descriptor = os.open(draft, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if _hold(descriptor):
                    _remove(draft)
            finally:
                os.close(descriptor)


def _hold(descriptor: int) -> bool:
    """Whether it is ours now; where nothing can be held, nothing is taken from anybody either."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove(draft: Path) -> None:
    for name in (draft, *(draft.with_name(draft.name + end) for end in _COMPANIONS)):
        name.unlink(missing_ok=True)


def on_disk(path: Path) -> None:
    """See that what a file holds outlives a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_new(draft: Path, path: Path) -> None:
    """Give a whole file its name. FileExistsError when something has come to stand there."""
    with suppress(PermissionError, NotImplementedError):  # a file system without hard links
        path.hardlink_to(draft)
        return
    if path.exists() or path.is_symlink():
        raise FileExistsError(path)
    draft.rename(path)


def _put(draft: Path, path: Path, *, replace: bool) -> None:
    on_disk(draft)
    if replace:
        draft.replace(path)
        return
    try:
        put_new(draft, path)
    except FileExistsError:
        raise _taken(path) from None


def _taken(path: Path) -> Refused:
    return Refused(f"{path} is there already", "name a file that does not exist yet, or say --force")
