"""The schema of a vault in SQLite: raised as it is opened, after a backup copy."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Engine

from keytui.domain.errors import Unreachable
from keytui.domain.text import harmless
from keytui.vault.local.backup.copying import copy_database, fault_in
from keytui.vault.local.backup.drafts import drafted
from keytui.vault.local.database.sqlite_words import NO_LOCKS, lost
from keytui.vault.local.files import private_file, unreadable
from keytui.vault.local.log_head import HEAD_FILE
from keytui.vault.local.schema import Raised, Schema, revision_in, upgrade


def bring_up(engine: Engine, path: Path, schema: Schema) -> Raised:
    """Raise the database to `schema`. Two processes may try at once: the second finds it done.

    Unreachable when it was written by a newer keytui, or is some other program's database.
    """
    where = str(path)
    revision = _revision(engine, where, schema)
    if revision == schema.head:
        _see_to_its_log(engine, path)
        return Raised(where, revision, schema.head)
    with alone(path.with_name("vault.lock")):
        revision = _revision(engine, where, schema)
        if revision == schema.head:
            return Raised(where, revision, schema.head)
        if revision is not None:
            _back_up(path, revision)
        elif path.with_name(HEAD_FILE).exists():
            raise lost(path, "empty")
        _give_it_a_log(path)
        with engine.execution_options(writing=True).begin() as transaction:
            upgrade(transaction, schema)
    return Raised(where, revision, schema.head)


def _see_to_its_log(engine: Engine, path: Path) -> None:
    """A rebuild that was killed leaves the vault without its log, and readers and writers in each other's way.

    Where it cannot be written, or is in use, it is used as it is.
    """
    with engine.connect() as connection:
        if connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal":
            return
    with suppress(Unreachable, sqlite3.OperationalError), alone(path.with_name("vault.lock")):
        _give_it_a_log(path)


def _give_it_a_log(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # kept in the file


def _revision(engine: Engine, where: str, schema: Schema) -> str | None:
    with engine.connect() as connection:
        return revision_in(connection, where, schema)


def _back_up(path: Path, revision: str) -> None:
    """A whole copy beside the vault, before anything is changed. What is damaged is not raised: it could get worse."""
    copy = path.with_name(f"{path.stem}.before-{revision}.backup")
    with drafted(copy, replace=True) as draft:
        copy_database(path, draft, _unwatched)
        if fault := fault_in(draft):
            raise Unreachable(
                f"the vault {path} is damaged: {harmless(fault)}",
                "it was left as it is; what to do: docs/guide/recovery.md",
            )


def _unwatched(_done: int, _of: int) -> None:
    """Nobody waits to see how far it is."""


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the file's lock; the kernel lets go of it when the process dies."""
    private_file(path)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        _lock(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        raise Unreachable(f"the file system of {path} keeps no locks: {error.strerror}", NO_LOCKS) from error
