"""Values that come back: sealed under a passphrase, revealed one by one, locked everywhere at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Locked, Refused
from keytui.domain.keys import KeyDraft, Kind
from keytui.domain.rotation import Plan
from keytui.domain.secrets import Secret
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.domain.verification import Outcome
from keytui.vault.protocol import Vault
from keytui.vault.standing import SealState
from tests.contract.acts import created, request
from tests.contract.conftest import House

PASSPHRASE = Secret("correct horse battery")
ANOTHER = Secret("staple and more of it")
TOKEN = Secret("canary-Vq7TzK2mXw9LrB4nYd8P")
STRIPE = KeyDraft("stripe-live", "production", kind=Kind.TOKEN, owner="payments")


@pytest.fixture
def unlocked(vault: Vault) -> Vault:
    vault.set_passphrase(PASSPHRASE)
    return vault


def test_the_seal_is_unset_then_open_then_locked(vault: Vault) -> None:
    assert vault.standing().seal is SealState.UNSET
    with pytest.raises(Locked):
        vault.seal(STRIPE, TOKEN)

    vault.set_passphrase(PASSPHRASE)
    assert vault.standing().seal is SealState.OPEN
    with pytest.raises(Refused):
        vault.set_passphrase(ANOTHER)

    vault.lock()
    assert vault.standing().seal is SealState.LOCKED


def test_a_sealed_value_comes_back_audited_and_lets_nobody_in(unlocked: Vault) -> None:
    key = unlocked.seal(STRIPE, TOKEN)

    assert unlocked.reveal(key.id) == TOKEN
    assert unlocked.audit(AuditFilter(key_id=key.id), 0, 1).entries[0].event.type == "value.revealed"
    assert unlocked.check(TOKEN, [], UNKNOWN_CALLER).reason is Outcome.UNKNOWN
    with pytest.raises(Refused, match="seal"):
        unlocked.plan(key.id, Plan(), request())


def test_a_second_value_of_the_name_is_its_next_version(unlocked: Vault) -> None:
    first = unlocked.seal(STRIPE, TOKEN)

    second = unlocked.seal(STRIPE, Secret("canary-another-9f8e7d6c5b4a"))

    assert second.id == first.id
    assert [version.number for version in unlocked.detail(first.id).versions] == [2, 1]
    assert unlocked.reveal(first.id) == Secret("canary-another-9f8e7d6c5b4a")


def test_an_issued_secret_never_comes_back(unlocked: Vault) -> None:
    key_id = created(unlocked).key.id

    with pytest.raises(Refused, match="not kept"):
        unlocked.reveal(key_id)


def test_locking_closes_every_open_copy_and_stops_no_service(house: House) -> None:
    house.vault.set_passphrase(PASSPHRASE)
    key = house.vault.seal(STRIPE, TOKEN)
    issued = created(house.vault)
    bob = house.as_("bob")
    bob.unlock(PASSPHRASE)
    assert bob.reveal(key.id) == TOKEN

    house.vault.lock()

    for vault in (bob, house.vault):
        with pytest.raises(Locked):
            vault.reveal(key.id)
        assert vault.check(issued.secret, [], UNKNOWN_CALLER).valid


def test_a_new_passphrase_takes_the_place_of_the_old(house: House) -> None:
    vault = house.vault
    vault.set_passphrase(PASSPHRASE)
    key = vault.seal(STRIPE, TOKEN)

    vault.change_passphrase(PASSPHRASE, ANOTHER)

    vault.lock()
    with pytest.raises(Refused):
        vault.unlock(PASSPHRASE)
    house.clock.advance(timedelta(hours=1))
    vault.unlock(ANOTHER)
    assert vault.reveal(key.id) == TOKEN


def test_wrong_passphrases_are_slowed(house: House) -> None:
    house.vault.set_passphrase(PASSPHRASE)
    house.vault.lock()
    for _ in range(4):
        house.clock.advance(timedelta(hours=1))
        with pytest.raises(Refused):
            house.vault.unlock(ANOTHER)

    with pytest.raises(Refused, match="again in"):
        house.vault.unlock(PASSPHRASE)

    house.clock.advance(timedelta(hours=1))
    house.vault.unlock(PASSPHRASE)
