"""What the modes of a vault's files and directories keep this user from, and the way out."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from keytui.domain.errors import Unreachable

_LOG: Final = ("-wal", "-shm")
"""What SQLite keeps beside a database, and gives the database's mode as it makes it."""


def shut_out(directory: Path) -> Unreachable | None:
    """Of the directory, or the first above it, that this user cannot enter; None where all can be."""
    for each in (*reversed(directory.parents), directory):
        if each.is_dir() and not os.access(each, os.X_OK):
            return Unreachable(f"{each} cannot be entered by this user ({os.geteuid()})", _way(each, "700"))
    return None


def denied(path: Path) -> Unreachable | None:
    """Of the vault's database, what is beside it, or their directory, that this user cannot read or write."""
    if closed := shut_out(path.parent):
        return closed
    for verb, mode in (("read", os.R_OK), ("written", os.W_OK)):
        if mode == os.W_OK and os.statvfs(path.parent).f_flag & os.ST_RDONLY:
            return None
        if closed_files := [each for each in _files(path) if not os.access(each, mode)]:
            what = "its file" if path in closed_files else closed_files[0].name
            return _unanswering(path, f"{what} cannot be {verb}", _way_of_files(path))
    if not os.access(path.parent, os.W_OK):
        return _unanswering(path, "its directory cannot be written", _way(path.parent, "700"))
    return None


def unlock_log(path: Path) -> None:
    """Give what is beside a database that can be written its mode: made while that could only be read, it could not.

    Whoever may not do that is told by SQLite.
    """
    if os.access(path, os.R_OK | os.W_OK):
        for each in _files(path)[1:]:
            if not os.access(each, os.R_OK | os.W_OK):
                with contextlib.suppress(OSError):
                    each.chmod(0o600)


def unreadable_way(path: Path) -> str:
    """The way to read a file of ours; "" where its mode is not what keeps this user from it."""
    return "" if not os.access(path, os.F_OK) or os.access(path, os.R_OK) else _way(path, "600")


def _files(path: Path) -> list[Path]:
    """The database and what is beside it, as far as they are there; the database first."""
    return [each for each in (path, *(path.with_name(path.name + end) for end in _LOG)) if os.access(each, os.F_OK)]


def _unanswering(path: Path, why: str, way: str) -> Unreachable:
    return Unreachable(f"the vault {path} does not answer: {why} by this user ({os.geteuid()})", way)


def _way_of_files(path: Path) -> str:
    """One command for all that is closed: SQLite would stop at the next."""
    closed = [each for each in _files(path) if not os.access(each, os.R_OK | os.W_OK)]
    return _way(closed[0], "600", closed)


def _way(path: Path, mode: str, paths: Sequence[Path] = ()) -> str:
    owner = path.stat().st_uid
    names = " ".join(map(str, paths or (path,)))
    return f"chmod {mode} {names}" if owner == os.geteuid() else f"be the user whose it is ({owner})"
