"""What goes wrong with a vault's file, as an operator reads it: the thing by name, and the way out."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from keytui.domain.errors import Unreachable
from keytui.plain_file import kind_of
from keytui.vault.local.database.lock_holder import lock_holder
from keytui.vault.local.modes import denied

_DAMAGED: Final = (
    "`keytui doctor` says what is damaged: an index is made anew by `keytui rebuild`; for anything else "
    "move the file away, with its -wal and -shm, then load a backup: keytui backup load FILE"
)
NO_LOCKS: Final = "keep the vault on a disk of this machine (KEYTUI_HOME, or `directory` of its profile)"
_TOO_OLD: Final = "keytui needs SQLite 3.34 or newer with FTS5: install a Python that has it"
_HINTS: Final = (
    ("not a database", "move it away, with its -wal and -shm, then load a backup: keytui backup load FILE"),
    ("malformed", _DAMAGED),
    ("vtable constructor", _DAMAGED),
    ("full", "make room on the disk, then do the same again: the vault stands as it was"),
    ("disk I/O", "see whether the disk is full, or fails, then do the same again: the vault stands as it was"),
    ("readonly", "check who owns the file and its directory"),
    ("unable to open", "check that the file is there, who owns it, and that its directory can be written"),
    ("Could not decode", "somebody changed a text in it; if it is the log's, this says where: keytui audit verify"),
    ("no such module", _TOO_OLD),
    ("no such tokenizer", _TOO_OLD),
)
_PRIMARY: Final = 0xFF
"""What SQLite says of an error beyond its kind stands above these bits."""
_LOCKING: Final = frozenset(
    {
        sqlite3.SQLITE_IOERR_LOCK,
        sqlite3.SQLITE_IOERR_RDLOCK,
        sqlite3.SQLITE_IOERR_UNLOCK,
        sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK,
        sqlite3.SQLITE_IOERR_SHMLOCK,
        sqlite3.SQLITE_IOERR_SHMMAP,
        sqlite3.SQLITE_IOERR_SHMOPEN,
    }
)
_LOOKED_INTO: Final = ("unable to open", "readonly", "disk I/O")
"""What SQLite says of a file that can be looked at more closely."""


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Whatever SQLite says within comes out as Unreachable."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise _told(path, _first(error)) from error


def require_file(path: Path) -> None:
    """Unreachable where what has the vault's name, or that of its log, is no file: opening a pipe would wait for ever.

    What is not there yet is fine.
    """
    for each in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        if kind := kind_of(each):
            raise Unreachable(
                f"{each} is {kind}, and not the vault's file", "move it away, and put the file back that was there"
            )


def is_busy(error: BaseException) -> bool:
    """Whether SQLite says that another connection has the lock: asked again, it may be free."""
    return getattr(_first(error), "sqlite_errorcode", 0) & _PRIMARY == sqlite3.SQLITE_BUSY


def locked(path: Path) -> Unreachable:
    """Of a vault that somebody else writes to for longer than anybody waits, by name where that is known."""
    holder = lock_holder(path)
    return Unreachable(
        f"the vault {path} is locked: {holder or 'another process'} has been writing to it for very long",
        f"{'see what it does, or end it' if holder else f'find it with `fuser {path}`'}, then do the same again: "
        "the vault stands as it was",
    )


def lost(path: Path, how: str) -> Unreachable:
    """Of a database that is `missing` or `empty`, while the vault's other files are there."""
    return Unreachable(
        f"{path} is {how}: this vault's other files are here, and its database is not",
        "put it back from where it was moved to, or load a backup: keytui backup load FILE; "
        f"to begin anew, move {path.parent} away",
    )


def _first(error: BaseException) -> BaseException:
    """What SQLite said first: it may have ended the transaction by itself, and with it the savepoint to go back to."""
    said: BaseException = getattr(error, "orig", None) or error
    before = error.__context__
    while "no such savepoint" in str(said) and before is not None:
        said, before = getattr(before, "orig", None) or before, before.__context__
    return said


def _told(path: Path, error: BaseException) -> Unreachable:
    cause = str(error)
    if "locked" in cause and "locking" not in cause:
        return locked(path)
    if getattr(error, "sqlite_errorcode", 0) in _LOCKING or "locking protocol" in cause:
        return Unreachable(f"the file system of {path} keeps no locks, and SQLite needs them: {cause}", NO_LOCKS)
    closer = _in_the_way(path) if any(sign in cause for sign in _LOOKED_INTO) else None
    if closer is not None:
        return closer
    hint = next((hint for sign, hint in _HINTS if sign in cause), "see whether the disk and the file are sound")
    return Unreachable(f"the vault {path} does not answer: {cause}", hint)


def _in_the_way(path: Path) -> Unreachable | None:
    """What keeps this process from the file, with the way out; None where nothing does."""
    if os.access(path, os.F_OK) and os.statvfs(path).f_flag & os.ST_RDONLY:
        return Unreachable(
            f"the vault {path} does not answer: its file system is mounted read-only",
            "mount it to be written: SQLite needs a place beside the file even to read it; nothing was changed",
        )
    return denied(path)
