"""A vault in SQLite: safe from several threads and several processes at once.

Readers see a snapshot and never wait (WAL). A writer takes the write lock as it begins (BEGIN IMMEDIATE), so what it
has read cannot change under it, and two writers follow one another instead of failing. Writers have a connection of
their own, which waits for other processes in short parts: a wait inside SQLite hears nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, Self, cast

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from keytui.domain.errors import Unreachable
from keytui.vault.local.database import Database
from keytui.vault.local.database.sqlite_schema import bring_up
from keytui.vault.local.database.sqlite_words import in_words, is_busy, locked, lost, require_file
from keytui.vault.local.database.writers import LOOK_EVERY, PATIENCE, Writers
from keytui.vault.local.files import DATABASE, private_directory, private_file
from keytui.vault.local.log_head import HEAD_FILE
from keytui.vault.local.many_rows import give_room_back
from keytui.vault.local.modes import shut_out, unlock_log
from keytui.vault.local.schema import SCHEMA, Raised, Schema
from keytui.vault.wanted import Wanted

_CACHE_KIB: Final = 512
"""Of each connection. A console has several, and the system keeps the file in its own memory: more was no faster."""


class SqliteDatabase(Database):
    """One vault's file."""

    def __init__(self, path: Path, file: tuple[int, int] | None, engine: Engine, raised: Raised) -> None:
        writers = Writers(str(path), partial(locked, path))
        writer = _engine(path, LOOK_EVERY, writers)
        super().__init__(str(path.parent), engine, writer.execution_options(writing=True), writers)
        self.path = path
        self.raised = raised
        """What opening it did to its schema."""
        self._file = file
        event.listen(writer, "begin", self._see_that_it_is_still_there)

    @classmethod
    def open(cls, directory: Path, schema: Schema = SCHEMA) -> Self:
        """The database in `directory`, made on first use and raised to `schema`."""
        private_directory(directory)
        path = directory / DATABASE
        require_file(path)
        _refuse_to_begin_anew(path)
        private_file(path)
        unlock_log(path)
        file = _identity(path)  # before SQLite opens it: while that waits for a lock, another may be put there
        engine = _engine(path, PATIENCE, Writers(str(path), partial(locked, path)))
        with in_words(path):
            raised = bring_up(engine, path, schema)
        return cls(path, file, engine, raised)

    @contextmanager
    def _broken_off(self, session: Session, wanted: Wanted) -> Iterator[None]:
        driver = cast(sqlite3.Connection, session.connection().connection.driver_connection)
        with wanted.stopping(driver.interrupt):
            yield

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        self._see_that_it_is_there()
        with in_words(self.path):
            yield

    def _see_that_it_is_still_there(self, _: Connection) -> None:
        """A writer may have waited for the lock, while the one that had it put another file in this one's place."""
        self._see_that_it_is_there()

    def _see_that_it_is_there(self) -> None:
        """An open file outlives its name: what is written into one that was moved away, nobody else would ever read."""
        if _identity(self.path) != self._file:
            if closed := shut_out(self.path.parent):
                raise closed
            raise Unreachable(
                f"the vault {self.path} was moved away or replaced while it was open",
                "put it back, or leave and start again to open what is there now",
            )


def _refuse_to_begin_anew(path: Path) -> None:
    """A new database under the keys of a lost one would answer for it, and spoil it once it is put back.

    The kept head is looked for first: where it is, somebody's first entry was there already.
    """
    if not (path.parent / HEAD_FILE).exists():
        return
    gone = "missing" if not path.exists() else "empty" if path.stat().st_size == 0 else ""
    if gone:
        raise lost(path, gone)


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file the path names now; None when it names none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _engine(path: Path, wait: float, writers: Writers) -> Engine:
    """Connections that wait in SQLite for some seconds; what they write, they write in the turn of those writers."""

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=wait,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute("PRAGMA secure_delete = ON")  # who was erased is not to be read from the file
        # SQLite's own lower() knows ASCII only, and the filter language folds every alphabet.
        connection.create_function("lower", 1, _lower, deterministic=True)
        return connection

    def begin(connection: Connection) -> None:
        """The driver is left in autocommit; this says which transaction we mean."""
        give_room_back(connection)
        if connection.get_execution_options().get("writing", False):
            writers.ask_others(partial(_has_begun_to_write, connection))
        else:
            connection.exec_driver_sql("BEGIN")

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, hide_parameters=True)
    event.listen(engine, "begin", begin)
    return engine


def _lower(text: object) -> str | None:
    return None if text is None else str(text).lower()


def _has_begun_to_write(connection: Connection) -> bool:
    """False while another process writes."""
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        if not is_busy(error):
            raise
        return False
    return True
