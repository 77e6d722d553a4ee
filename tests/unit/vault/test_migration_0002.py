"""What a vault of schema 0001 recorded is all there after 0002: minutes, callers, gaps."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from keytui.vault.local.database.sqlite import SqliteDatabase
from keytui.vault.local.schema import SCHEMA, Schema
from keytui.vault.profile import Profile

MINUTE = 60_000_000
ROWS = """
INSERT INTO recorders (id, name, host, pid, started_at, last_flush_at, sequence, acknowledged, dropped, unknown_refused)
VALUES ('r1', 'api-1', 'host', 1, 0, 0, 3, 0, 0, 7);
INSERT INTO gaps (recorder, kind, started_at, ended_at, count) VALUES ('r1', 'events dropped', 1, 2, 5);
INSERT INTO callers (key_id, version, name, declared, address, agent, first_seen, last_seen, accepted, refused)
VALUES ('k', 1, 'web-1', 1, '', '', 0, 9, 30, 2), ('k', 1, '192.0.2.7 curl', 0, '192.0.2.7', 'curl', 0, 9, 4, 0);
INSERT INTO usage (key_id, version, caller, declared, minute, probe, first_at, last_at, accepted, refused) VALUES
 ('k', 1, 'web-1', 1, 0, 0, 1, 5, 10, 2), ('k', 1, 'web-1', 1, 60000000, 0, 60000001, 60000002, 20, 0),
 ('k', 1, '192.0.2.7 curl', 0, 0, 0, 2, 9, 4, 0), ('k', 1, 'unknown', 0, 0, 1, 3, 3, 1, 0);
"""


@pytest.fixture
def raised(profile: Profile) -> Iterator[sqlite3.Connection]:
    """A vault of schema 0001 with those rows, raised to today's."""
    SqliteDatabase.open(profile.directory, Schema("0001", SCHEMA.scripts)).close()
    with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
        database.executescript(ROWS)
    SqliteDatabase.open(profile.directory).close()
    with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
        yield database


def test_minutes_are_added_up_over_callers_and_probes_stay_apart(raised: sqlite3.Connection) -> None:
    found = raised.execute(
        "SELECT key_id, version, source, probe, grain, at, first_at, last_at, accepted, refused"
        " FROM usage JOIN series ON series.id = usage.series ORDER BY probe, at"
    )

    assert found.fetchall() == [
        ("k", 1, "recorder", 0, 1, 0, 1, 9, 14, 2),
        ("k", 1, "recorder", 0, 1, MINUTE, MINUTE + 1, MINUTE + 2, 20, 0),
        ("k", 1, "recorder", 1, 1, 0, 3, 3, 1, 0),
    ]


def test_callers_keep_their_history_and_their_minutes(raised: sqlite3.Connection) -> None:
    found = raised.execute(
        "SELECT c.name, c.source, c.address, c.accepted, c.refused, sum(u.accepted), sum(u.refused), max(u.last_at)"
        " FROM callers c JOIN caller_usage u ON u.caller = c.id GROUP BY c.id ORDER BY c.id"
    )

    assert found.fetchall() == [
        ("web-1", "recorder", "", 30, 2, 30, 2, MINUTE + 2),
        ("192.0.2.7 curl", "recorder", "192.0.2.7", 4, 0, 4, 0, 9),
    ]


def test_gaps_name_their_recorder(raised: sqlite3.Connection) -> None:
    found = raised.execute("SELECT source, kind, started_at, ended_at, count FROM gaps")

    assert found.fetchall() == [("recorder api-1", "events dropped", 1, 2, 5)]
