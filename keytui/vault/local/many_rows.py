"""Many rows of one table by few statements: one for each, or the same one many times, costs several times as much.

A trigger that writes to a full-text index makes SQLite flush that index once a statement, and with one statement a row
once a row.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import chain
from typing import Final

from sqlalchemy import Connection
from sqlmodel import Session

from keytui.vault.local.dialects import POSTGRESQL
from keytui.vault.local.tables.row import Row

_MOST_PARAMETERS: Final = 30_000
"""Of one statement: SQLite takes 32,766, PostgreSQL 65,535."""
_ROOM: Final = ("PRAGMA cache_size = -65536", "PRAGMA wal_autocheckpoint = 20000")
"""64 MiB of cache, and 80 of log before it is brought into the file: values and prefixes are random, so that each row
touches pages all over their indexes, and the same pages are touched by one part after another.
"""
_ASKED: Final = ("cache_size", "wal_autocheckpoint")
_BEFORE: Final = "settings before there was room"
_ROOM_SINCE: Final = "room since"
_ROOM_FOR: Final = 10.0
"""Seconds after which no further part is coming."""


def insert_rows(session: Session, into: type[Row], columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows whose values are as the columns store them, in the session's transaction and beside its objects."""
    connection = session.connection()
    mark = "%s" if connection.dialect.name == POSTGRESQL else "?"
    head = f"INSERT INTO {into.__tablename__} ({', '.join(columns)}) VALUES "  # noqa: S608  # our own names
    one = f"({', '.join([mark] * len(columns))})"
    at_once = _MOST_PARAMETERS // len(columns)
    for at in range(0, len(rows), at_once):
        part = rows[at : at + at_once]
        flat = tuple(chain.from_iterable(part))
        connection.exec_driver_sql(head + ", ".join([one] * len(part)), flat)


def make_room(session: Session) -> None:
    """Let SQLite keep more of the database in memory, and its log longer, on this connection, for some seconds."""
    connection = session.connection()
    if connection.dialect.name != POSTGRESQL:
        if _BEFORE not in connection.info:
            before = [(name, connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()) for name in _ASKED]
            connection.info[_BEFORE] = [f"PRAGMA {name} = {value}" for name, value in before]
        for pragma in _ROOM:
            connection.exec_driver_sql(pragma)
        connection.info[_ROOM_SINCE] = time.monotonic()


def give_room_back(connection: Connection) -> None:
    """Where no part came for some seconds: a server would keep the room of many keys for good."""
    since = connection.info.get(_ROOM_SINCE)
    if since is not None and time.monotonic() - since > _ROOM_FOR:
        for pragma in (*connection.info.pop(_BEFORE), "PRAGMA shrink_memory"):
            connection.exec_driver_sql(pragma)
        del connection.info[_ROOM_SINCE]
