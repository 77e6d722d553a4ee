"""A vault of many keys with a year of usage behind them, as recorders and ageing would have left it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.vault.local.files import DATABASE
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile

NOW: Final = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
"""When everybody looks."""
_MINUTE: Final = 60_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COPY_KEY: Final = """
    WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :more)
    INSERT INTO keys SELECT {columns} FROM keys, n
"""
_USAGE: Final = """
    WITH RECURSIVE step(n) AS (SELECT :since UNION ALL SELECT n + :every FROM step WHERE n + :every < :until)
    INSERT INTO usage SELECT s.id, :grain, n, n, n + 1000, 1 + (s.id + n / 60000000) % 50, (s.id + n) % 97 = 0
    FROM series AS s CROSS JOIN step WHERE s.id BETWEEN :first AND :last
"""


def filled(home: Path, keys: int, busy: int) -> Profile:
    """A profile whose vault has so many keys. `busy` of them have requests in every minute, others every two hours."""
    profile = Profile("default", home / "default", Actor("benchmark"))
    vault = LocalVault.open(profile, clock=lambda: NOW)
    vault.create(KeyDraft("key-0", "production"), "benchmark")
    vault.close()
    connection = sqlite3.connect(profile.directory / DATABASE)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -400000")
    connection.execute("DROP INDEX ix_usage_at")
    names = [name for _, name, *_ in connection.execute("PRAGMA table_info(keys)")]
    columns = {"id": "'key' || n", "name": "'key-' || n"}
    connection.execute(
        _COPY_KEY.format(columns=", ".join(columns.get(name, name) for name in names)), {"more": keys - 1}
    )
    connection.execute("INSERT INTO series SELECT row_number() OVER (), id, 1, 'recorder', 0 FROM keys ORDER BY name")
    for first, last, every in ((1, busy, 1), (busy + 1, keys, 120)):
        _age(connection, first, last, every)
    connection.execute("CREATE INDEX ix_usage_at ON usage (grain, at)")
    connection.commit()
    connection.close()
    return profile


def _age(connection: sqlite3.Connection, first: int, last: int, every: int) -> None:
    """Minutes of 48 hours, hours of 35 days, days of a year; `every`: minutes between two requests of a key."""
    keys = {"first": first, "last": last}
    minutes, hours, year = (NOW - timedelta(days=days) for days in (2, 35, 365))
    for grain, since, until in ((1, minutes, NOW), (60, hours, minutes), (1440, year, hours)):
        unit = max(grain, every) * _MINUTE
        start, end = ((at - _EPOCH) // timedelta(microseconds=1) // unit * unit for at in (since, until))
        times = {"since": start, "until": end + 1 if until == NOW else end, "every": unit, "grain": grain}
        connection.execute(_USAGE, times | keys)
