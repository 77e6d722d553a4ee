"""What a verifier answers: every state of key and version, and what wins where two speak."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from keytui.domain.keys import Key, KeyState, Version, VersionState, age
from keytui.domain.verification import Credential, Outcome
from tests.world import NOON

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
KEY = Key("key-1", "checkout", "production", NOON - DAY, scopes=("bookings:read", "bookings:write"))
VERSION = Version(4, VersionState.ACTIVE, NOON - DAY)


def answer(key: dict[str, object], version: dict[str, object], *scopes: str) -> Outcome:
    credential = Credential("d" * 64, False, replace(KEY, **key), replace(VERSION, **version))  # type: ignore[arg-type]  # the fields differ in type
    check = credential.judged(frozenset(scopes), NOON)
    assert check.valid == (check.reason is Outcome.ACCEPTED)
    assert (check.key_id, check.key_name, check.version) == ("key-1", "checkout", 4)
    return check.reason


@pytest.mark.parametrize(
    ("key", "version", "outcome"),
    [
        ({}, {}, Outcome.ACCEPTED),
        ({}, {"state": VersionState.OUTGOING}, Outcome.ACCEPTED),
        ({}, {"state": VersionState.SUSPENDED}, Outcome.SUSPENDED),
        ({}, {"state": VersionState.REVOKED}, Outcome.REVOKED),
        ({"revoked_at": NOON}, {}, Outcome.REVOKED),
        ({"revoked_at": NOON}, {"state": VersionState.SUSPENDED}, Outcome.REVOKED),
        ({"disabled_at": NOON}, {}, Outcome.DISABLED),
        ({"disabled_at": NOON, "expires_at": NOON}, {}, Outcome.EXPIRED),
        ({"expires_at": NOON}, {}, Outcome.EXPIRED),
        ({"expires_at": NOON + DAY}, {}, Outcome.ACCEPTED),
        ({}, {"state": VersionState.OUTGOING, "accept_until": NOON}, Outcome.EXPIRED),
        ({}, {"state": VersionState.OUTGOING, "accept_until": NOON + DAY}, Outcome.ACCEPTED),
        ({}, {"state": VersionState.ACTIVE, "accept_until": NOON}, Outcome.ACCEPTED),
    ],
)
def test_the_state_of_key_and_version_decides(
    key: dict[str, object], version: dict[str, object], outcome: Outcome
) -> None:
    assert answer(key, version, "bookings:read") is outcome
    assert answer(key, version) is outcome


def test_a_credential_is_judged_anew_as_time_passes() -> None:
    ends, grace = NOON + DAY, NOON + 2 * DAY
    expiring = Credential("d" * 64, False, replace(KEY, expires_at=ends), VERSION)
    old = Credential("d" * 64, False, KEY, replace(VERSION, state=VersionState.OUTGOING, accept_until=grace))
    for credential, end in ((expiring, ends), (old, grace)):
        for at, outcome in ((end - INSTANT, Outcome.ACCEPTED), (end, Outcome.EXPIRED), (NOON, Outcome.ACCEPTED)):
            assert credential.judged(frozenset(), at).reason is outcome


def test_every_asked_scope_is_needed_and_a_star_is_all_of_them() -> None:
    assert answer({}, {}) is Outcome.ACCEPTED
    assert answer({}, {}, "bookings:read", "bookings:write") is Outcome.ACCEPTED
    assert answer({}, {}, "bookings:read", "admin") is Outcome.SCOPE
    assert answer({"scopes": ("*",)}, {}, "admin") is Outcome.ACCEPTED
    assert answer({"scopes": ()}, {}, "bookings:read") is Outcome.SCOPE
    assert answer({"disabled_at": NOON}, {}, "admin") is Outcome.DISABLED


def test_a_keys_one_word_puts_the_final_before_the_reversible() -> None:
    both = replace(KEY, disabled_at=NOON, expires_at=NOON)
    assert both.state(NOON - timedelta(seconds=1)) is KeyState.DISABLED
    assert both.state(NOON) is KeyState.EXPIRED
    assert replace(both, revoked_at=NOON).state(NOON) is KeyState.REVOKED


def test_an_age_is_never_negative() -> None:
    assert [age(NOON - DAY, NOON), age(NOON + DAY, NOON)] == [DAY, timedelta()]
