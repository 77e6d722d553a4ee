"""A file that appears whole or not at all: drawn up beside its place, and put there once it is on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Final

from keytui.domain.errors import Invalid, Refused

_COMPANIONS: Final = ("-journal", "-wal", "-shm")
"""What SQLite keeps beside a file that it works on."""


@contextmanager
def drafted(path: Path, *, replace: bool) -> Iterator[Path]:
    """An empty file beside `path`, 0600, to be filled. After the block it stands at `path`; if it raises, nowhere.

    Refused when something stands there, unless `replace`; Invalid when the place cannot be written.
    """
    if path.is_dir():
        raise Invalid(f"{path} is a directory", "name a file in it")
    if not replace and (path.exists() or path.is_symlink()):
        raise _taken(path)
    draft = path.with_name(f".{path.name}.{token_hex(8)}")
    try:
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        try:
            yield draft
            _put(draft, path, replace=replace)
        finally:
            for name in (draft, *(draft.with_name(draft.name + end) for end in _COMPANIONS)):
                name.unlink(missing_ok=True)
        on_disk(path.parent)
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}", "name a place that you may write to") from None


def on_disk(path: Path) -> None:
    """See that what a file holds, or which names a directory has, outlives a power cut."""
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
