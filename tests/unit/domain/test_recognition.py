"""Which version a text speaks of."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from keytui.domain.keys import Key, Version, VersionState
from keytui.domain.recognition import Recognised, Recogniser
from keytui.domain.secrets import FORMATS, Secret, fingerprint
from keytui.domain.verification import Credential
from tests.world import NOON, repeatable_randomness

_random = repeatable_randomness(3)
FIRST, SECOND = (FORMATS["tk"].mint(_random) for _ in range(2))
WEAK = Secret("hunter2")
PEPPER = b"pepper"
KEY = Key("k1", "checkout", "production", NOON)


def credential(secret: Secret, number: int, key: Key = KEY, state: VersionState = VersionState.ACTIVE) -> Credential:
    version = Version(number, state, NOON, secret.prefix(), fingerprint(secret.digest()))
    return Credential(secret.digest(), False, key, version)


def weak(number: int) -> Credential:
    digest = hmac.new(PEPPER, WEAK.reveal().encode(), hashlib.sha256).hexdigest()
    return Credential(digest, True, KEY, Version(number, VersionState.ACTIVE, NOON, weak=True))


RECOGNISER = Recogniser([credential(FIRST, 1, state=VersionState.REVOKED), credential(SECOND, 2), weak(3)], PEPPER)


@pytest.mark.parametrize(
    "text",
    [
        FIRST.digest(),
        FIRST.digest().upper(),
        f"sha256:{FIRST.digest()}",
        fingerprint(FIRST.digest()),
        "k1:1",
        "k1/v1",
        "k1#1",
        "k1@v1",
    ],
)
def test_a_version_is_known_by_what_only_we_could_have_written(text: str) -> None:
    assert RECOGNISER.recognise(text) == Recognised("k1", 1)


def test_a_prefix_is_known_as_what_anybody_could_have_sent() -> None:
    assert RECOGNISER.recognise(SECOND.prefix()) == Recognised("k1", 2, by_prefix=True)


@pytest.mark.parametrize(("secret", "number"), [(FIRST, 1), (SECOND, 2), (WEAK, 3)])
def test_a_whole_secret_is_known_as_one_be_it_revoked_or_weak(secret: Secret, number: int) -> None:
    found = Recognised("k1", number, whole_secret=True)
    assert RECOGNISER.recognise(secret.reveal()) == RECOGNISER.whole_secret(secret.reveal()) == found


@pytest.mark.parametrize("text", ["", "-", "k1", "k1:9", "k2:1", FIRST.reveal()[:11], FIRST.reveal()[:-1], "0" * 64])
def test_nothing_else_is_known(text: str) -> None:
    assert RECOGNISER.recognise(text) is None


def test_a_weak_value_has_neither_a_prefix_nor_a_public_digest() -> None:
    assert RECOGNISER.recognise(WEAK.digest()) is None
    assert not RECOGNISER.begins(WEAK.reveal())
    assert RECOGNISER.beginnings == {FIRST.prefix(), SECOND.prefix()}
    assert Recogniser([weak(3)]).recognise(WEAK.reveal()) is None  # without the pepper nobody can tell


def test_a_prefix_that_several_share_names_none_of_them() -> None:
    other = Secret(FIRST.prefix() + "and something else")
    shared = Recogniser([credential(FIRST, 1), credential(other, 1, Key("k2", "other", "production", NOON))])
    assert shared.recognise(FIRST.prefix()) is None
    assert shared.ambiguous(FIRST.prefix())
    assert shared.begins(FIRST.reveal())
    assert not RECOGNISER.ambiguous(FIRST.prefix())
    assert shared.recognise(other.reveal()) == Recognised("k2", 1, whole_secret=True)


def test_the_newest_version_is_the_one_with_the_highest_number() -> None:
    for recogniser in (RECOGNISER, Recogniser([weak(3), credential(SECOND, 2), credential(FIRST, 1)], PEPPER)):
        found = [recogniser.recognise(text) for text in ("k1:1", "k1:2", "k1:3")]
        assert [one is not None and recogniser.newest(one) for one in found] == [False, False, True]


def test_whoever_has_the_marks_recognises_the_same_but_for_weak_secrets() -> None:
    elsewhere = Recogniser(marks=RECOGNISER.marks)
    for text in (FIRST.reveal(), FIRST.prefix(), fingerprint(SECOND.digest()), "k1:3", "k1@2", "nothing"):
        assert elsewhere.recognise(text) == RECOGNISER.recognise(text)
    assert elsewhere.recognise(WEAK.reveal()) is None
    assert WEAK.keyed_digest(PEPPER) not in repr(elsewhere.marks)


def test_a_version_whose_value_nobody_had_is_known_by_how_it_begins_and_by_nothing_else() -> None:
    version = Version(4, VersionState.ACTIVE, NOON, "tk_abcdefghi")
    recogniser = Recogniser([Credential("0" * 64, True, KEY, version)], PEPPER)
    for one in (recogniser, Recogniser(marks=recogniser.marks)):
        assert one.recognise("tk_abcdefghi") == Recognised("k1", 4, by_prefix=True)
        assert one.recognise("k1:4") == Recognised("k1", 4)
        assert one.whole_secret("tk_abcdefghijkl") is None
        assert [mark.version for mark in one.unknowable] == [4]
    assert not recogniser.nameless
