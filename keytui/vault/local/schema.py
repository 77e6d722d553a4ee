"""The schema's version: read with one plain SELECT, raised by Alembic only when it is old, after a backup copy."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from keytui.domain.errors import Unreachable
from keytui.vault.local.files import private_file, unreadable


@dataclass(frozen=True, slots=True)
class Schema:
    """A revision, and the scripts that lead to it. Revisions are numbers that rise: `0001`, `0002`, …"""

    head: str
    scripts: Path


SCHEMA: Final = Schema("0003", Path(__file__).parent / "migrations")


def bring_up(engine: Engine, path: Path, schema: Schema) -> None:
    """Raise the database to `schema`. Two processes may try at once: the second finds it done.

    Unreachable when it was written by a newer keytui, or is some other program's database.
    """
    if _revision(engine, path, schema) == schema.head:
        return
    with _alone(path.with_name("vault.lock")):
        revision = _revision(engine, path, schema)
        if revision == schema.head:
            return
        if revision is not None:
            _back_up(path, revision)
        _upgrade(engine, path, schema)


def _revision(engine: Engine, path: Path, schema: Schema) -> str | None:
    """The revision in the database; None when it is empty."""
    with engine.connect() as connection:
        tables = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
        if not tables:
            return None
        found = (
            "alembic_version" in tables
            and connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        )
    if not isinstance(found, str) or not found.isdecimal():
        raise Unreachable(f"{path} is a database, but not a vault of keytui's", "move it away, or name another path")
    if int(found) > int(schema.head):
        raise Unreachable(
            f"{path} was written by a newer keytui (its schema is {found}, this one knows {schema.head})",
            "upgrade keytui on this machine; the vault was not touched",
        )
    return found


def _back_up(path: Path, revision: str) -> None:
    """A whole copy beside the vault, by SQLite's own backup, so that a write in flight cannot tear it."""
    copy = path.with_name(f"{path.stem}.before-{revision}.backup")
    private_file(copy)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _upgrade(engine: Engine, path: Path, schema: Schema) -> None:
    from alembic import command  # noqa: PLC0415  # most starts find the schema current and never need it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(schema.scripts).replace("%", "%%"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # kept in the file
    with engine.execution_options(writing=True).begin() as transaction:
        config.attributes["connection"] = transaction
        command.upgrade(config, schema.head)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the file's lock; the kernel lets go of it when the process dies."""
    private_file(path)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
