"""How large a vault gets: a year of keys that are used every minute, aged day by day, and what that makes per key.

Every key has 3 callers and 5 routes and is rotated every 90 days. What is older than two days is written by the hour,
as its minutes would have been rolled into by then; from there on the real roll-up lets it age, at the end of each day.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import text

from keytui.domain.retention import Retention
from keytui.domain.usage import Caller, RouteUse, Use
from keytui.vault.local.database import Database
from keytui.vault.local.database.sqlite import SqliteDatabase
from keytui.vault.local.files import DATABASE
from keytui.vault.local.usage.recording import RECORDERS, count_uses
from keytui.vault.local.usage.retaining import roll_up
from keytui.vault.local.usage.routes import count_routes

KEYS: Final = 20
CALLERS: Final = 3
ROUTES: Final = 5
DAYS: Final = 365
MINUTES_KEPT: Final = 2
"""Days that are written by the minute: the last ones."""
FLEET: Final = 10_000
_ROTATED_EVERY: Final = 90
_AT_ONCE: Final = 100_000
_BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def main() -> None:
    """Print the bytes of each table and of a fleet."""
    with TemporaryDirectory() as home:
        database = SqliteDatabase.open(Path(home))
        for day in range(DAYS):
            _live(database, day)
        database.close()
        whole = (Path(home) / DATABASE).stat().st_size
        for table, rows, size in _tables(Path(home) / DATABASE):
            print(f"| {table} | {rows / KEYS:,.0f} | {size / rows:.0f} | {size / KEYS / 1000:.0f} kB |")  # noqa: T201
    print(f"{whole / KEYS / 1000:.0f} kB a key, {whole / KEYS * FLEET / 1e9:.1f} GB for {FLEET:,} keys")  # noqa: T201


def _live(database: Database, day: int) -> None:
    """One day of requests, and its end."""
    start, version = _BEGAN + day * _DAY, day // _ROTATED_EVERY + 1
    by_the_minute = day >= DAYS - MINUTES_KEPT
    times = [start + number * (_MINUTE if by_the_minute else _HOUR) for number in range(1440 if by_the_minute else 24)]
    with database.writing() as session:
        count_uses(session, [use for at in times for use in _uses(at, version)])
        count_routes(session, [use for at in times for use in _routes(at)], RECORDERS)
        if not by_the_minute:
            session.connection().execute(text("UPDATE usage SET grain = 60 WHERE grain = 1"))
    done = _AT_ONCE
    while done == _AT_ONCE:
        with database.writing() as session:
            done = roll_up(session, Retention(), start + _DAY, _AT_ONCE)


def _uses(at: datetime, version: int) -> Iterator[Use]:
    for key in range(KEYS):
        for caller in range(CALLERS):
            name = Caller.undeclared(f"192.0.2.{caller}", "python-httpx/0.28")
            yield Use(_key_id(key), version, name, at, at, at + timedelta(seconds=59), 1_000, 3)


def _routes(at: datetime) -> Iterator[RouteUse]:
    for key in range(KEYS):
        for route in range(ROUTES):
            yield RouteUse(_key_id(key), f"/api/v1/bookings/*/page-{route}", at, 1_000, 3)


def _key_id(number: int) -> str:
    return f"{number:016}"


def _tables(path: Path) -> Iterator[tuple[str, int, int]]:
    """Each table's rows and bytes, those of its indexes with it."""
    with closing(sqlite3.connect(path)) as database:
        for table in ("usage", "caller_usage", "route_usage", "callers", "series", "routes"):
            (rows,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608  # names of ours
            of_it = "SELECT name FROM sqlite_master WHERE tbl_name = ?"
            (size,) = database.execute(f"SELECT sum(pgsize) FROM dbstat WHERE name IN ({of_it})", (table,)).fetchone()  # noqa: S608
            yield table, rows, size


if __name__ == "__main__":
    main()
