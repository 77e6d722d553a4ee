"""`keytui evidence` against somebody who can write the database: the vault signs no story that was changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from keytui.domain.errors import Refused
from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.world import StoppedClock

OTHERS = 70
"""Entries of another key between those of the rotation, so that signatures of the log lie between them."""


@pytest.fixture
def told(vault: LocalVault, clock: StoppedClock) -> str:
    """A key whose rotation has ended, with other keys' entries in it."""
    key_id = vault.create(KeyDraft("checkout-api", "production"), "create").key.id
    other = vault.create(KeyDraft("other", "production"), "other").key.id
    rotation = vault.plan(key_id, Plan(), "plan")
    for _ in range(OTHERS // 2):
        vault.disable(other, "")
        vault.enable(other, "")
    vault.prove(rotation.id, vault.issue(rotation.id).secret)
    clock.advance(timedelta(hours=1))
    vault.retire(rotation.id, "nobody uses it")
    vault.complete(rotation.id, "nobody misses it")
    return key_id


def tamper(profile: Profile, statement: str, *values: str | int) -> None:
    with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
        assert database.execute(statement, values).rowcount == 1
        database.commit()


def number_of(profile: Profile, type_: str) -> int:
    with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
        (sequence,) = database.execute("SELECT sequence FROM audit WHERE type = ? LIMIT 1", (type_,)).fetchone()
    return int(sequence)


def test_an_untouched_story_is_told(vault: LocalVault, told: str) -> None:
    assert vault.audit_extract(told).document


def test_an_entry_that_was_changed_and_given_an_address_is_not_signed(
    vault: LocalVault, profile: Profile, told: str
) -> None:
    """With the address left out, nobody who reads the file could recompute the entry."""
    retired = number_of(profile, "rotation.retired")
    details = '{"override": "", "reasons": "nobody at 198.51.100.7", "verdict": "SAFE"}'
    tamper(profile, "UPDATE audit SET details = ? WHERE sequence = ?", details, retired)

    for with_addresses in (False, True):
        with pytest.raises(Refused, match=f"entry {retired} of the log was changed"):
            vault.audit_extract(told, with_addresses=with_addresses)


@pytest.mark.parametrize("type_", ["rotation.issued", "rotation.retired", "key.disabled"])
def test_an_entry_that_was_removed_is_missed(vault: LocalVault, profile: Profile, told: str, type_: str) -> None:
    removed = number_of(profile, type_)
    tamper(profile, "DELETE FROM audit WHERE sequence = ?", removed)

    with pytest.raises(Refused, match=f"entry {removed} of the log"):
        vault.audit_extract(told)


def test_a_signature_around_it_that_was_changed_shows(vault: LocalVault, profile: Profile, told: str) -> None:
    tamper(
        profile, "UPDATE checkpoints SET signature = zeroblob(64) WHERE sequence = (SELECT max(sequence) FROM audit)"
    )

    with pytest.raises(Refused):
        vault.audit_extract(told)


@pytest.mark.parametrize("whose", ["", " WHERE type = 'rotation.planned'"])
def test_a_story_without_its_beginning_is_not_told(vault: LocalVault, profile: Profile, told: str, whose: str) -> None:
    with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
        database.execute(f"UPDATE audit SET rotation_id = NULL{whose}")  # noqa: S608  # the test's own
        database.commit()

    with pytest.raises(Refused, match="how rotation #1 began"):
        vault.audit_extract(told)
