"""Usage ages: minutes become hours, hours become days, and nothing is lost, doubled or taken from a verdict by it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from keytui.domain.keys import KeyDraft
from keytui.domain.retention import Retention
from keytui.domain.rotation import Plan
from keytui.domain.usage import Caller, Flush, RouteUse, Use
from keytui.vault.local.database import Database
from keytui.vault.local.database.sqlite import SqliteDatabase
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.usage.recording import RECORDERS, count_uses, note_pulse
from keytui.vault.local.usage.retaining import roll_up
from keytui.vault.local.usage.routes import count_routes
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.world import NOON, StoppedClock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RETENTION = Retention()
TABLES = ("usage", "caller_usage", "route_usage")
Totals = dict[str, list[tuple[object, ...]]]
_OWNERS = {"usage": "series", "caller_usage": "caller", "route_usage": "route"}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One for all examples: each empties it."""
    opened = SqliteDatabase.open(tmp_path_factory.mktemp("ageing") / "vault")
    yield opened
    opened.close()


def used(minutes_ago: int, key: str = "k", caller: str = "web-1", accepted: int = 1, refused: int = 0) -> Use:
    at = NOON - timedelta(minutes=minutes_ago)
    return Use(key, 1, Caller.called(caller), at, at, at + timedelta(seconds=30), accepted, refused)


def routed(use: Use) -> RouteUse:
    return RouteUse(use.key_id, "/bookings/*", use.minute, use.accepted, use.refused)


def emptied(database: Database) -> None:
    with database.writing() as session:
        for table in (*TABLES, "callers", "series", "routes", "pulses", "looks"):
            session.connection().execute(text(f"DELETE FROM {table}"))  # noqa: S608  # names of ours


def recorded(database: Database, *uses: Use) -> None:
    with database.writing() as session:
        count_uses(session, uses)
        count_routes(session, [routed(use) for use in uses], RECORDERS)


def aged(database: Database, now: datetime = NOON, at_most: int = 1_000) -> int:
    """Everything that is old enough; how many rows it was."""
    done = 0
    while True:
        with database.writing() as session:
            now_done = roll_up(session, RETENTION, now, at_most)
        assert now_done <= at_most
        done += now_done
        if now_done < at_most:
            return done


def totals(database: Database) -> Totals:
    """What each series, caller and route had in all, and the bounds of the times that are kept beside."""
    found: Totals = {}
    with database.reading() as session:
        for table in TABLES:
            owner = _OWNERS[table]
            bounds = {"usage": ", min(first_at), max(last_at)", "caller_usage": ", max(last_at)"}.get(table, "")
            sums = f"SELECT {owner}, sum(accepted), sum(refused){bounds} FROM {table} GROUP BY {owner}"  # noqa: S608
            found[table] = [tuple(row) for row in session.connection().execute(text(sums))]
    return found


def grains(database: Database, table: str = "usage") -> list[tuple[int, int]]:
    """Grain and number of requests, of each row."""
    rows = f"SELECT grain, accepted FROM {table} ORDER BY at, grain"  # noqa: S608  # a name of ours
    with database.reading() as session:
        return [(grain, accepted) for grain, accepted in session.connection().execute(text(rows))]


@st.composite
def uses(draw: st.DrawFn) -> Use:
    """Requests at any minute of almost two years, some of them together in an hour or a day."""
    ago = draw(st.integers(0, 729)) * 1440 + draw(st.integers(0, 5)) * 60 + draw(st.integers(0, 3))
    accepted, refused = draw(st.integers(0, 9)), draw(st.integers(0, 9))
    return used(ago, draw(st.sampled_from("ab")), draw(st.sampled_from(["x", "y"])), accepted, refused)


@settings(max_examples=40, deadline=None)
@given(st.lists(uses(), max_size=40), st.integers(1, 50))
def test_totals_are_equal_before_and_after_in_whatever_portions(
    database: Database, some: list[Use], at_most: int
) -> None:
    emptied(database)
    recorded(database, *some)
    before = totals(database)

    aged(database, NOON, at_most)

    assert totals(database) == before
    with database.reading() as session:
        for table in TABLES:
            left = text(
                f"SELECT count(*) FROM {table} WHERE grain = 1 AND at < :hours OR grain = 60 AND at < :days"  # noqa: S608
            )
            limits = {"hours": _micro(NOON - RETENTION.minutes), "days": _micro(_midnight(NOON - RETENTION.hours))}
            assert session.connection().execute(left, limits).scalar() == 0
    assert aged(database) == 0


def _micro(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0)


def test_minutes_become_hours_and_hours_days_and_days_end(database: Database) -> None:
    emptied(database)
    young, hours, days, gone = 47 * 60, 49 * 60, 40 * 1440, 731 * 1440
    recorded(database, used(young), used(hours), used(hours - 1), used(days), used(days + 60), used(gone))

    aged(database)

    assert grains(database) == [(1440, 2), (60, 2), (1, 1)]
    assert grains(database, "route_usage") == [(1440, 2), (60, 2), (60, 1)]
    assert grains(database, "caller_usage") == [(1440, 2), (60, 2), (60, 1)]


def test_what_comes_in_late_is_added_to_its_hour(database: Database) -> None:
    emptied(database)
    recorded(database, used(49 * 60))
    aged(database)
    recorded(database, used(49 * 60, accepted=4))

    aged(database)

    assert grains(database) == [(60, 5)]


def test_pulses_are_kept_for_an_hour(database: Database) -> None:
    emptied(database)
    with database.writing() as session:
        for minutes in (59, 61, 62):
            note_pulse(session, "r1", NOON - timedelta(minutes=minutes), ())

    assert aged(database, at_most=1) == 2
    with database.reading() as session:
        assert session.connection().execute(text("SELECT count(*) FROM pulses")).scalar() == 1


def test_an_error_in_the_middle_changes_nothing(database: Database) -> None:
    emptied(database)
    recorded(database, *(used(minutes) for minutes in range(49 * 60, 52 * 60, 20)))
    before = grains(database)

    def half() -> None:
        with database.writing() as session:
            assert roll_up(session, RETENTION, NOON, 5) == 5
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()

    assert grains(database) == before


def test_a_process_killed_in_the_middle_changes_nothing(profile: Profile) -> None:
    database = SqliteDatabase.open(profile.directory)
    recorded(database, *(used(minutes) for minutes in range(49 * 60, 60 * 60, 20)))
    before, rows = totals(database), grains(database)

    for moment in ("DELETE FROM usage", "INSERT INTO caller_usage", "COMMIT"):
        argv = (sys.executable, "-m", "tests.unit.vault.ageing_process", profile.directory, NOON.isoformat(), moment)
        assert subprocess.run(argv, check=False, timeout=60).returncode == -signal.SIGKILL
        assert (totals(database), grains(database)) == (before, rows)

    aged(database)
    assert totals(database) == before
    assert {grain for grain, _ in grains(database)} == {60}
    database.close()


@pytest.fixture
def feed(profile: Profile, clock: StoppedClock) -> Iterator[LocalFeed]:
    feed = LocalFeed.open(profile, clock)
    feed.register("r1", "api-1", "api-host", 1)
    yield feed
    feed.close()


def test_a_site_without_consoles_is_rolled_up_beside_its_flushes(
    feed: LocalFeed, vault: LocalVault, clock: StoppedClock
) -> None:
    key_id = vault.create(KeyDraft("checkout-api", "production"), "create").key.id
    feed.record(Flush("r1", 1, NOON, (used(0, key_id), used(1, key_id))))
    clock.advance(3 * DAY)
    feed.record(Flush("r1", 2, clock()))

    with SqliteDatabase.open(vault._ground.profile.directory).reading() as session:
        stored = session.connection().execute(text("SELECT grain, sum(accepted) FROM usage GROUP BY grain")).all()
    assert stored == [(60, 2)]
    assert sum(usage.accepted for usage in vault.usage(key_id, NOON - HOUR, 1)) == 2


def test_what_the_verdict_on_an_open_rotation_may_ask_for_stays(
    feed: LocalFeed, vault: LocalVault, profile: Profile, clock: StoppedClock
) -> None:
    rotating = vault.create(KeyDraft("rotating", "production"), "one").key.id
    other = vault.create(KeyDraft("other", "production"), "two").key.id
    feed.record(Flush("r1", 1, NOON, tuple(used(47 * 60, key_id) for key_id in (rotating, other))))
    rotation = vault.plan(rotating, Plan(), "plan")
    feed.record(Flush("r1", 2, NOON, tuple(used(0, key_id, accepted=2) for key_id in (rotating, other))))
    clock.advance(40 * DAY)
    feed.record(Flush("r1", 3, clock()))

    database = SqliteDatabase.open(profile.directory)
    assert _stored(database, rotating) == {"usage": [1, 1], "caller_usage": [60, 1]}
    assert _stored(database, other) == {"usage": [1440, 1440], "caller_usage": [1440, 1440]}
    vault.abandon(rotation.id, "not now")
    clock.advance(HOUR)
    feed.record(Flush("r1", 4, clock()))
    assert _stored(database, rotating) == {"usage": [1440, 1440], "caller_usage": [1440, 1440]}
    database.close()


def test_beside_an_open_rotation_others_age_once_an_hour(
    feed: LocalFeed, vault: LocalVault, profile: Profile, clock: StoppedClock
) -> None:
    rotating, other = (vault.create(KeyDraft(name, "production"), name).key.id for name in ("rotating", "other"))
    vault.plan(rotating, Plan(), "plan")
    feed.record(Flush("r1", 1, NOON, tuple(used(0, key_id) for key_id in (rotating, other))))
    clock.advance(3 * DAY)
    feed.record(Flush("r1", 2, clock()))
    database = SqliteDatabase.open(profile.directory)
    assert (_stored(database, rotating)["usage"], _stored(database, other)["usage"]) == ([1], [60])

    feed.record(Flush("r1", 3, clock(), (used(0, other),)))
    for number, grains_of_other in ((4, [1, 60]), (5, [60])):
        clock.advance(HOUR / 2)
        feed.record(Flush("r1", number, clock()))
        assert sorted(_stored(database, other)["usage"]) == grains_of_other
    assert _stored(database, rotating)["usage"] == [1]
    database.close()


def _stored(database: Database, key_id: str) -> dict[str, list[int]]:
    """The grains of a key's rows, oldest first."""
    usage = "SELECT grain FROM usage JOIN series ON series.id = series WHERE key_id = :key ORDER BY at"
    callers = "SELECT grain FROM caller_usage JOIN callers ON callers.id = caller WHERE key_id = :key ORDER BY at"
    with database.reading() as session:
        connection = session.connection()
        return {
            "usage": list(connection.execute(text(usage), {"key": key_id}).scalars()),
            "caller_usage": list(connection.execute(text(callers), {"key": key_id}).scalars()),
        }
