"""Two operators of a team on one rotation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keytui.domain.access import Principal, Role
from keytui.domain.audit import Actor, AuditFilter
from keytui.domain.errors import Refused
from keytui.domain.rotation import Plan
from keytui.vault.local.vault import LocalVault
from tests.contract.acts import created, request

TAKEN = AuditFilter(type="rotation.taken-over")


@pytest.fixture
def ada(vault: LocalVault) -> LocalVault:
    return _as(vault, "ada", "10.0.0.7")


def test_they_see_each_other_and_take_over_with_a_note(vault: LocalVault, ada: LocalVault) -> None:
    rotation = ada.plan(created(ada).key.id, Plan(), request())
    ada.leave_note(rotation.id, "the importer is slow")
    bob = _as(vault, "bob", "10.0.0.8")

    seen = bob.rotation(rotation.id).rotation
    assert (seen.holder, seen.note) == ("ada@10.0.0.7", "the importer is slow")
    assert bob.take_over(rotation.id).holder == "bob@10.0.0.8"
    assert ada.rotation(rotation.id).rotation.holder == "bob@10.0.0.8"
    (entry,) = vault.audit(TAKEN, 0, 9).entries
    assert (entry.actor, entry.event.details["previously"]) == ("bob@10.0.0.8", "ada@10.0.0.7")


def test_one_operator_at_another_address_is_still_the_holder(vault: LocalVault, ada: LocalVault) -> None:
    rotation = ada.plan(created(ada).key.id, Plan(), request())
    elsewhere = _as(vault, "ada", "2001:db8::7")

    with pytest.raises(Refused, match="yours already"):
        elsewhere.take_over(rotation.id)
    elsewhere.issue(rotation.id)

    assert vault.audit(TAKEN, 0, 9).total == 0
    assert ada.rotation(rotation.id).rotation.holder == "ada@2001:db8::7"  # where they are now


@pytest.mark.parametrize("other", ["ada@laptop", "ad", "adam"])
def test_another_token_is_another_holder(vault: LocalVault, ada: LocalVault, other: str) -> None:
    rotation = ada.plan(created(ada).key.id, Plan(), request())

    assert _as(vault, other, "10.0.0.7").take_over(rotation.id).holder == f"{other}@10.0.0.7"


def test_a_user_of_another_host_is_another_holder(vault: LocalVault) -> None:
    rotation = vault.plan(created(vault).key.id, Plan(), request())
    theirs = vault.acting_as(replace(vault.principal(), actor=Actor("ada", "bastion-3")))

    assert theirs.take_over(rotation.id).holder == "ada@bastion-3"


def _as(vault: LocalVault, name: str, address: str) -> LocalVault:
    return vault.acting_as(Principal(Actor(name, address), Role.SUPER_ADMIN))
