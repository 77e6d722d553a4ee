"""What a look for alerts finds is what the rules say of each key, and it does not read every key for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, event
from sqlmodel import Session

from keytui.domain.detectors.folding import MOST_SINGLE, KeyName
from keytui.domain.detectors.lifetimes import Dated, Lot
from keytui.domain.detectors.versions import CallerOfSensitive
from keytui.domain.flags import flags
from keytui.domain.keys import Flag, Kind
from keytui.domain.policy import DEVELOPMENT, Policies, Policy
from keytui.vault.local.alerts.key_facts import callers_of_sensitive
from keytui.vault.local.alerts.looking import Look, Pace, seen
from keytui.vault.local.alerts.lots import lots
from keytui.vault.local.mapping import facts_of
from keytui.vault.local.tables import CallerRow, KeyCountRow, KeyRow
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.world import NOON

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
ENVIRONMENTS = ("production", "development", "staging")
POLICIES = Policies(environments={"development": DEVELOPMENT, "staging": Policy(idle=2 * DAY, stale=5 * DAY)})
LINES = (2, 5, 7, 14, 30, 90, 180)
"""Days at which some policy draws a line."""
NAMED_BY = {
    Flag.DUE: "version_created_at",
    Flag.EXPIRING: "expires_at",
    Flag.EXPIRED: "expires_at",
    Flag.IDLE: "last_used_at",
    Flag.STALE: "last_used_at",
}
SMALL = {
    "auto_rotations",
    "syncs",
    "ix_keys_leaked",
    "ix_keys_drifted",
    "uq_rotations_open",
    "sqlite_autoindex_key_counts_1",
}
"""What a look may read whole: of these there are few, however many keys there are."""


@pytest.fixture
def vault(on_either: Profile) -> Iterator[LocalVault]:
    vault = LocalVault.open(on_either)
    yield vault
    vault.close()


def seeded(number: int) -> Random:
    return Random(number)  # noqa: S311  # keys of a test


def near_a_line(chance: Random) -> timedelta:
    return chance.choice(LINES) * DAY + chance.choice((-DAY, -INSTANT, timedelta(), INSTANT, DAY))


def random_key(chance: Random, number: int, environments: tuple[str, ...]) -> KeyRow:
    def perhaps(at: datetime, *, likely: float) -> datetime | None:
        return at if chance.random() < likely else None

    return KeyRow(
        id=f"id-{number}",
        name=f"key-{chance.randrange(10**6):06}-{number}",
        environment=chance.choice(environments),
        kind=chance.choice((Kind.API_KEY, Kind.API_KEY, Kind.TOKEN)),
        created_at=NOON - near_a_line(chance),
        version_created_at=NOON - near_a_line(chance),
        expires_at=perhaps(NOON + near_a_line(chance) * chance.choice((-1, 1)), likely=0.4),
        last_used_at=perhaps(NOON - near_a_line(chance), likely=0.6),
        disabled_at=perhaps(NOON, likely=0.1),
        revoked_at=perhaps(NOON, likely=0.1),
        rotation_id=chance.choice((None, None, None, 1)),
        sensitive=chance.random() < 0.7,
    )


def put(session: Session, chance: Random) -> list[KeyRow]:
    """A vault's keys in the place of those before: none, a few, or too many of a sort to be told one by one."""
    for table in (CallerRow, KeyCountRow, KeyRow):
        session.connection().execute(delete(table))
    environments = ENVIRONMENTS[: chance.randint(1, 3)]
    rows = [random_key(chance, number, environments) for number in range(chance.choice((0, 5, 60, 150)))]
    session.add_all(rows)
    session.add_all(KeyCountRow(tenant="", environment=one) for one in environments)
    session.flush()
    return rows


def is_in_lot(row: KeyRow, flag: Flag) -> bool:
    """The rule for one key, by the domain's flags."""
    policy = POLICIES.of(row.environment)
    found = flags(facts_of(row), policy, NOON)
    if flag not in (Flag.IDLE, Flag.STALE):
        return flag in found
    old_and_never = Flag.NEVER_USED in found and NOON - row.created_at >= policy.stale and row.kind == Kind.API_KEY
    usable = row.disabled_at is None and (row.expires_at is None or row.expires_at > NOON)
    return usable and (flag in found or (flag is Flag.STALE and old_and_never))


def dated(row: KeyRow, flag: Flag) -> Dated:
    at = getattr(row, NAMED_BY[flag])
    return Dated(KeyName(row.id, row.name, row.environment), row.version, at or row.created_at, never_used=at is None)


def lots_by_the_rule(rows: list[KeyRow], flag: Flag) -> list[Lot]:
    """Every key is asked, one by one."""
    found = []
    for environment in sorted(ENVIRONMENTS):
        keys = [dated(row, flag) for row in rows if row.environment == environment and is_in_lot(row, flag)]
        keys.sort(key=lambda one: (one.at, one.key.name))
        if keys:
            found.append(Lot(environment, len(keys), tuple(keys[:MOST_SINGLE])))
    return found


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32).map(seeded))
def test_lots_are_what_the_rules_say_of_each_key(vault: LocalVault, chance: Random) -> None:
    with vault._ground.database.writing() as session:
        rows = put(session, chance)
        for flag in NAMED_BY:
            assert list(lots(session, flag, POLICIES, NOON)) == lots_by_the_rule(rows, flag), flag


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32).map(seeded))
def test_new_callers_are_those_never_seen_before(vault: LocalVault, chance: Random) -> None:
    with vault._ground.database.writing() as session:
        keys = [row for row in put(session, chance) if row.sensitive and row.revoked_at is None]
        callers = [
            CallerRow(
                key_id=key.id,
                version=number // 2,
                source=f"log-{number}",
                name=chance.choice(("web-1", "cron")),
                declared=chance.random() < 0.5,
                first_seen=NOON - chance.choice((INSTANT, DAY, DAY + INSTANT, 2 * DAY)),
                last_seen=NOON,
            )
            for key in keys
            for number in range(chance.randint(0, 4))
        ]
        session.add_all(callers)
        session.flush()
        met: dict[tuple[str, str, bool], datetime] = {}
        for one in callers:
            who = (one.key_id, one.name, one.declared)
            met[who] = min(met.get(who, NOON), one.first_seen)
        expected = {
            CallerOfSensitive(
                KeyName(key.id, key.name, key.environment),
                name,
                at,
                min(first for (key_id, _, _), first in met.items() if key_id == key.id),
            )
            for key in keys
            for (key_id, name, _), at in met.items()
            if key_id == key.id and at >= NOON - DAY
        }
        assert set(callers_of_sensitive(session, NOON - DAY)) == expected


@pytest.mark.parametrize("pace", [Pace.SECONDS, Pace.MINUTES])
def test_a_look_reads_no_table_that_grows_with_the_keys(profile: Profile, pace: Pace) -> None:
    plans: list[str] = []

    def explain(connection: Connection, _: object, statement: str, values: tuple[object, ...], *_rest: object) -> None:
        cursor = connection.connection.cursor()
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        plans.extend(str(row[3]) for row in cursor.fetchall())

    vault = LocalVault.open(profile)
    with vault._ground.database.writing() as session:
        put(session, seeded(7))
        event.listen(session.connection(), "before_cursor_execute", explain)
        tuple(seen(session, Look(pace, NOON - DAY), POLICIES, NOON))
    vault.close()
    whole = {plan.split()[-1] for plan in plans if plan.startswith("SCAN") and "VIRTUAL" not in plan}
    assert whole
    assert whole <= SMALL
