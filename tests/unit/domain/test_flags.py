"""Flags, each on both sides of its boundary."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from keytui.domain.flags import flags
from keytui.domain.keys import Flag, Key, KeyFacts
from keytui.domain.policy import DEVELOPMENT, STRICT_DEVELOPMENT, Policies, Policy
from tests.world import NOON

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
KEY = Key("key-1", "checkout", "production", NOON - 400 * DAY, owner="payments", scopes=("bookings:read",))
FACTS = KeyFacts(KEY, version_created_at=NOON - DAY, last_used_at=NOON - SECOND)
POLICY = Policy()


def found(facts: KeyFacts = FACTS, policy: Policy = POLICY) -> tuple[Flag, ...]:
    return flags(facts, policy, NOON)


def of_key(key: dict[str, object], facts: KeyFacts = FACTS) -> tuple[Flag, ...]:
    return found(replace(facts, key=replace(KEY, **key)))  # type: ignore[arg-type]  # the fields differ in type


def test_a_key_in_good_standing_has_none() -> None:
    assert found() == ()


@pytest.mark.parametrize(
    ("facts", "flag"),
    [
        (replace(FACTS, version_created_at=NOON - 90 * DAY), Flag.DUE),
        (replace(FACTS, version_created_at=NOON - 90 * DAY + SECOND), None),
        (replace(FACTS, version_created_at=NOON - 90 * DAY, rotating=True), Flag.ROTATING),
        (replace(FACTS, last_used_at=None), Flag.NEVER_USED),
        (replace(FACTS, last_used_at=NOON - 30 * DAY), Flag.STALE),
        (replace(FACTS, last_used_at=NOON - 30 * DAY + SECOND), Flag.IDLE),
        (replace(FACTS, last_used_at=NOON - 7 * DAY), Flag.IDLE),
        (replace(FACTS, last_used_at=NOON - 7 * DAY + SECOND), None),
        (replace(FACTS, last_used_at=NOON + DAY), None),
        (replace(FACTS, weak=True), Flag.WEAK),
        (replace(FACTS, shared=True), Flag.SHARED),
        (replace(FACTS, drifted=True), Flag.DRIFTED),
        (replace(FACTS, unused_scopes=("bookings:write",)), Flag.BROAD),
    ],
)
def test_what_is_known_of_a_key(facts: KeyFacts, flag: Flag | None) -> None:
    assert found(facts) == ((flag,) if flag else ())


@pytest.mark.parametrize(
    ("key", "flag"),
    [
        ({"expires_at": NOON}, Flag.EXPIRED),
        ({"expires_at": NOON + SECOND}, Flag.EXPIRING),
        ({"expires_at": NOON + 14 * DAY - SECOND}, Flag.EXPIRING),
        ({"expires_at": NOON + 14 * DAY}, None),
        ({"leaked": True}, Flag.LEAKED),
        ({"owner": ""}, Flag.UNOWNED),
        ({"scopes": ("bookings:read", "*")}, Flag.BROAD),
        ({"scopes": ("admin",)}, Flag.BROAD),
        ({"scopes": ()}, None),
        ({"disabled_at": NOON - DAY}, None),
    ],
)
def test_what_is_said_of_a_key(key: dict[str, object], flag: Flag | None) -> None:
    assert of_key(key) == ((flag,) if flag else ())


def test_the_most_dangerous_comes_first_and_a_revoked_key_has_none() -> None:
    facts = replace(FACTS, last_used_at=None, weak=True)
    assert of_key({"leaked": True, "owner": ""}, facts) == (Flag.LEAKED, Flag.WEAK, Flag.NEVER_USED, Flag.UNOWNED)
    assert of_key({"leaked": True, "owner": "", "revoked_at": NOON}, facts) == ()
    assert of_key({"revoked_at": NOON}, replace(facts, drifted=True)) == (Flag.DRIFTED,)


def test_each_environment_has_its_cadence_and_a_strange_one_the_strictest() -> None:
    policies = Policies()
    aged = replace(FACTS, version_created_at=NOON - 100 * DAY)
    assert [found(aged, policies.of(name)) for name in ("production", "nowhere", "development")] == [
        (Flag.DUE,),
        (Flag.DUE,),
        (),
    ]
    assert policies.of("development") is DEVELOPMENT
    assert STRICT_DEVELOPMENT.rotation_interval == 30 * DAY
