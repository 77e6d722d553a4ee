"""Which of a key's versions a secret is: a wrong answer would be proof of nothing, and none is always allowed."""

from __future__ import annotations

import pytest

from keytui.domain.keys import Version, VersionState
from keytui.domain.secrets import Secret, fingerprint
from keytui.vault.recognising import how_known, surely_another, version_of
from tests.world import NOON

PAYLOAD = Secret("tk_j1yCOormdRAZnqGyjsmZhLs161mf9eL4")
RESERVE = Secret("rk_KJmUpiqUw-fUVawgvo-0jK4D8p_9trDs")


def version(number: int, prefix: str | None, secret: Secret | None = None) -> Version:
    """As `sync` brings it in, with what its issuer tells of its beginning; with its value, as keytui issued it."""
    known = None if secret is None else fingerprint(secret.digest())
    return Version(number, VersionState.ACTIVE, NOON, prefix, known)


def number_of(secret: Secret, *versions: Version) -> int | None:
    found = version_of(versions, secret)
    return None if found is None else found.number


def test_a_fingerprint_says_it_beyond_doubt() -> None:
    one = version(1, PAYLOAD.prefix(), PAYLOAD)
    assert number_of(PAYLOAD, one, version(2, None)) == 1
    assert how_known(one) == ""


@pytest.mark.parametrize(("secret", "told"), [(PAYLOAD, 12), (RESERVE, 6)])
def test_one_that_came_in_without_its_value_is_known_by_what_its_issuer_tells(secret: Secret, told: int) -> None:
    came_in = version(1, secret.reveal()[:told])
    issued = version(2, "tk_9999abcde", Secret("tk_9999abcde" + "x" * 23))
    assert number_of(secret, issued, came_in) == 1
    assert how_known(came_in) == f"known by its first {told} characters alone"


def test_another_value_is_no_version() -> None:
    assert number_of(Secret("tk_j1yCOormeRAZnqGyjsmZhLs161mf9eL4"), version(1, "tk_j1yCOormd")) is None
    assert number_of(Secret(PAYLOAD.prefix()), version(1, PAYLOAD.prefix())) is None, "a beginning is no secret"
    assert number_of(PAYLOAD, version(1, PAYLOAD.prefix(), Secret(PAYLOAD.prefix() + "another" * 3))) is None


def test_where_two_versions_begin_so_nobody_can_tell() -> None:
    assert number_of(RESERVE, version(1, "rk_KJm"), version(2, "rk_KJm")) is None
    assert number_of(RESERVE, version(1, "rk_KJm"), version(2, "rk_KJmU")) is None


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("rk_KJmUpiqUw-fUVawgvo-0jK4D8p_9trDs", "rk_K"),
        ("rk_KJmUpiqUw-fUVawgvo-0jK4D8p_9trDs", ""),
        ("production-8Jq2hVx0Zr4TtLm9QwYb3NcK", "production-8"),
        ("service-main8Jq2hVx0Zr4TtLm9QwYb3NcK", "service-main"),
        ("aaa_aaaKJmUpiqUwfUVawgvo0jK4D8p9trDs", "aaa_aaa"),
        ("booking-engine-key-2", "booking-engi"),
    ],
)
def test_a_beginning_that_tells_little_and_a_value_that_could_be_guessed_tell_nothing(value: str, told: str) -> None:
    assert number_of(Secret(value), version(1, told)) is None


def test_a_weak_version_is_known_to_nobody() -> None:
    assert number_of(Secret("hunter2"), version(1, None)) is None


def test_what_stands_where_a_newer_version_was_taken_away_again() -> None:
    newer = version(2, "tk_9999abcde", Secret("tk_9999abcde" + "x" * 23))
    for old, other in ((version(1, PAYLOAD.prefix(), PAYLOAD), RESERVE), (version(1, PAYLOAD.prefix()), RESERVE)):
        assert not surely_another(old, newer, PAYLOAD)
        assert surely_another(old, newer, other)
    weak = version(1, None)
    assert not surely_another(weak, newer, Secret("hunter2"))
    assert surely_another(weak, newer, Secret("tk_9999abcde" + "x" * 23))
