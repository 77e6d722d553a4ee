"""What a vault of schema 0001 recorded is all there after 0002: minutes, callers, gaps. On both databases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from keytui.domain.audit import Actor
from keytui.vault.local.database import Database
from keytui.vault.local.database.opening import migrate, open_database
from keytui.vault.local.database.postgresql import PostgresqlDatabase, url_of
from keytui.vault.local.database.postgresql_schema import migrate as migrate_to
from keytui.vault.local.database.sqlite import SqliteDatabase
from keytui.vault.local.schema import SCHEMA, Schema
from keytui.vault.profile import Profile
from tests.postgresql import new_database, reference

FIRST = Schema("0001", SCHEMA.scripts)

MINUTE = 60_000_000
ROWS = """
INSERT INTO keys (id, name, environment, tenant, issuer, kind, description, owner, scopes, apps, format, sensitive,
 created_at, version, version_created_at, weak, shared, leaked)
VALUES ('k', 'Zürich', 'production', '', 'builtin', 'api-key', '', 'ada', '', '', 'tk', false,
 0, 1, 0, false, false, true);
INSERT INTO recorders (id, name, host, pid, started_at, last_flush_at, sequence, acknowledged, dropped, unknown_refused)
VALUES ('r1', 'api-1', 'host', 1, 0, 0, 3, 0, 0, 7);
INSERT INTO gaps (recorder, kind, started_at, ended_at, count) VALUES ('r1', 'events dropped', 1, 2, 5);
INSERT INTO callers (key_id, version, name, declared, address, agent, first_seen, last_seen, accepted, refused)
VALUES ('k', 1, 'web-1', true, '', '', 0, 9, 30, 2), ('k', 1, '192.0.2.7 curl', false, '192.0.2.7', 'curl', 0, 9, 4, 0);
INSERT INTO usage (key_id, version, caller, declared, minute, probe, first_at, last_at, accepted, refused) VALUES
 ('k', 1, 'web-1', true, 0, false, 1, 5, 10, 2), ('k', 1, 'web-1', true, 60000000, false, 60000001, 60000002, 20, 0),
 ('k', 1, '192.0.2.7 curl', false, 0, false, 2, 9, 4, 0), ('k', 1, 'unknown', false, 0, true, 3, 3, 1, 0);
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def raised(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A vault of schema 0001 with those rows, raised to today's."""
    profile = Profile("test", tmp_path / "vault", Actor("ada"))
    if request.param == "sqlite":
        yield from _raised(profile, SqliteDatabase.open(profile.directory, FIRST))
        return
    with new_database() as url:
        profile = Profile("test", tmp_path / "vault", Actor("ada"), database=reference(tmp_path / "vault", url))
        address = url_of(profile.database)
        migrate_to(address, profile.directory, FIRST)
        yield from _raised(profile, PostgresqlDatabase.open(address, profile.directory, FIRST))


def _raised(profile: Profile, first: Database) -> Iterator[Database]:
    with first.writing() as session:
        for statement in filter(str.strip, ROWS.split(";")):
            session.connection().exec_driver_sql(statement)
    first.close()
    migrate(profile)
    database = open_database(profile)
    yield database
    database.close()


def rows(database: Database, statement: str) -> list[Sequence[object]]:
    with database.reading() as session:
        return [tuple(row) for row in session.connection().exec_driver_sql(statement)]


def test_minutes_are_added_up_over_callers_and_probes_stay_apart(raised: Database) -> None:
    found = rows(
        raised,
        "SELECT key_id, version, source, probe, grain, at, first_at, last_at, accepted, refused"
        " FROM usage JOIN series ON series.id = usage.series ORDER BY probe, at",
    )

    assert found == [
        ("k", 1, "recorder", 0, 1, 0, 1, 9, 14, 2),
        ("k", 1, "recorder", 0, 1, MINUTE, MINUTE + 1, MINUTE + 2, 20, 0),
        ("k", 1, "recorder", 1, 1, 0, 3, 3, 1, 0),
    ]


def test_callers_keep_their_history_and_their_minutes(raised: Database) -> None:
    found = rows(
        raised,
        "SELECT c.name, c.source, c.address, c.accepted, c.refused, sum(u.accepted), sum(u.refused), max(u.last_at)"
        " FROM callers c JOIN caller_usage u ON u.caller = c.id GROUP BY c.id ORDER BY c.id",
    )

    assert found == [
        ("web-1", "recorder", "", 30, 2, 30, 2, MINUTE + 2),
        ("192.0.2.7 curl", "recorder", "192.0.2.7", 4, 0, 4, 0, 9),
    ]


def test_gaps_name_their_recorder(raised: Database) -> None:
    found = rows(raised, "SELECT source, kind, started_at, ended_at, count FROM gaps")

    assert found == [("recorder api-1", "events dropped", 1, 2, 5)]


def test_numbers_go_on_where_they_were(raised: Database) -> None:
    new = "INSERT INTO gaps (source, kind, started_at, count) VALUES ('log edge', 'log rotated', 3, 1)"
    with raised.writing() as session:
        session.connection().exec_driver_sql(new)

    assert rows(raised, "SELECT id FROM gaps ORDER BY id") == [(1,), (2,)]


def test_keys_are_there_with_what_is_new_of_them(raised: Database) -> None:
    assert rows(raised, "SELECT id, name, targets, leaked FROM keys") == [("k", "Zürich", "", True)]
