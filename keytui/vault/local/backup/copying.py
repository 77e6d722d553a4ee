"""A copy of a database that is in use: of one moment, by SQLite's own backup, in steps.

The whole of it is read in one transaction. Writers go on beside it, and do not make it begin again; what they write
stays in the write-ahead log until it is done.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from keytui.plain_file import kind_of
from keytui.vault.backups import Tell
from keytui.vault.local.database.sqlite_words import in_words, is_busy

_PAGES: Final = 1024
"""Copied at a time: 4 MiB, some milliseconds after which ctrl+c is heard."""
_WAIT_SECONDS: Final = 30.0
_LISTEN_EVERY: Final = 100_000
"""Steps of SQLite's machine between two moments in which ctrl+c is heard."""


def copy_database(source: Path, copy: Path, tell: Tell) -> None:
    """Copy `source` into the empty file `copy`, which stands for itself: no other file belongs to it.

    Raises sqlite3.Error where the one cannot be read or the other written.
    """
    with closing(reading(source)) as origin, closing(sqlite3.connect(copy, isolation_level=None)) as target:
        origin.execute("BEGIN")
        (page,) = origin.execute("PRAGMA page_size").fetchone()
        origin.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on it sees this moment

        def told(_status: int, left: int, pages: int) -> None:
            tell((pages - left) * page, pages * page)

        origin.backup(target, pages=_PAGES, progress=told)
        target.execute("PRAGMA journal_mode = DELETE")


def fault_in(path: Path) -> str:
    """What SQLite's own check finds wrong with a database first; "" when it is whole. It reads all of it.

    Unreachable where it cannot be looked at now: another process keeps it locked, or there is no room for the look.
    """
    try:
        with closing(reading(path)) as database:
            database.set_progress_handler(_listen, _LISTEN_EVERY)
            (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            raise KeyboardInterrupt from None
        if is_busy(error) or "full" in str(error):
            with in_words(path):
                raise
        return str(error)
    return "" if found == "ok" else str(found).splitlines()[-1]


def _listen() -> int:
    """Whatever Python runs hears signals; what that raises in here, SQLite takes for a wish to stop."""
    return 0


def reading(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, and leaves nothing beside a database that nobody has open.

    One that is in use has a write-ahead log, which it sees too; one that keeps no log is locked while it is read.
    Raises sqlite3.Error for what is no file: opening a pipe would wait for ever.
    """
    if kind := kind_of(path):
        raise sqlite3.OperationalError(f"it is {kind}")
    unused = not path.with_name(f"{path.name}-wal").exists() and _keeps_a_log(path)
    how = "mode=ro&immutable=1" if unused else "mode=ro"
    where = f"{path.absolute().as_uri()}?{how}"
    return sqlite3.connect(where, uri=True, timeout=_WAIT_SECONDS, isolation_level=None)


def _keeps_a_log(path: Path) -> bool:
    """Whether the file's header says so: bytes 18 and 19 are 2 where it has a write-ahead log when in use.

    Not to be asked of one that is in use in this process: closing it drops the locks that SQLite holds on it.
    """
    try:
        with path.open("rb") as file:
            return file.read(20)[18:] == b"\2\2"
    except OSError:
        return False  # SQLite says what is wrong with it
