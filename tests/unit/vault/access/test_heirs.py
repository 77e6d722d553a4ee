"""A key that manages keys makes none of its kind: what it made would outlive its own revocation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keytui.domain.access import MANAGE_SCOPE, Principal, Role
from keytui.domain.audit import Actor
from keytui.domain.errors import Forbidden
from keytui.domain.keys import Key, KeyDraft, KeyEdit
from keytui.domain.rotation import First, Plan, Reason, RotationState, Strategy
from keytui.domain.secrets import Secret
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Delivery, Found
from tests.contract.acts import request
from tests.world import NOON

BY_KEY = Principal(Actor("key:0123", "10.0.0.7"), Role.KEY, "acme")
BY_ADMIN = Principal(Actor("tina", "10.0.0.7"), Role.TENANT_ADMIN, "acme")
HEIR = KeyDraft("heir", "production", scopes=("read", MANAGE_SCOPE))


def test_it_is_refused_by_every_way_that_gives_scopes(vault: LocalVault) -> None:
    managing = vault.acting_as(BY_KEY)
    plain = managing.create(KeyDraft("plain", "production", scopes=("read",)), request()).key
    with pytest.raises(Forbidden, match=MANAGE_SCOPE):
        managing.create(HEIR, request())
    with pytest.raises(Forbidden, match=MANAGE_SCOPE):
        managing.adopt([Found("heir", "HEIR", Secret("x" * 40))], HEIR)
    with pytest.raises(Forbidden, match=MANAGE_SCOPE):
        managing.edit(plain.id, KeyEdit(scopes=HEIR.scopes))
    assert managing.detail(plain.id).summary.key.scopes == ("read",)


def test_an_operator_of_the_tenant_may(vault: LocalVault) -> None:
    assert MANAGE_SCOPE in vault.acting_as(BY_ADMIN).create(HEIR, request()).key.scopes


def test_it_gets_no_secret_of_another_of_its_kind(vault: LocalVault) -> None:
    """What it was handed there would let it in after it was revoked itself."""
    admin, managing = vault.acting_as(BY_ADMIN), vault.acting_as(BY_KEY)
    other = admin.create(HEIR, request()).key
    planned = admin.plan(other.id, Plan(Strategy.EMERGENCY, First.REVOKE), request())

    for refused in (
        lambda: managing.issue(planned.id),
        lambda: managing.edit(other.id, KeyEdit(description="mine")),
    ):
        with pytest.raises(Forbidden, match="heir has the scope keys:manage"):
            refused()
    assert admin.rotation(planned.id).rotation.state is RotationState.PLANNED, "the old version was revoked"

    admin.issue(planned.id)
    with pytest.raises(Forbidden):
        managing.reissue(planned.id)
    admin.disable(other.id, "")
    with pytest.raises(Forbidden):
        managing.enable(other.id, "")
    with pytest.raises(Forbidden):
        managing.plan(admin.create(replace(HEIR, name="third"), request()).key.id, Plan(), request())


def itself(vault: LocalVault, own: Key) -> LocalVault:
    """The vault as a managing key has it, whoever presents its secret."""
    return vault.acting_as(replace(BY_KEY, actor=Actor(f"key:{own.id}", "10.0.0.7")))


@pytest.mark.parametrize("other", ["another", "itself"])
def test_it_lets_no_leaked_secret_in_again(vault: LocalVault, other: str) -> None:
    """Neither that of another of its kind nor its own: it may be the thief who asks."""
    admin = vault.acting_as(BY_ADMIN)
    own = admin.create(HEIR, request())
    asking = itself(vault, own.key if other == "itself" else admin.create(replace(HEIR, name="third"), request()).key)
    rotation = admin.plan(own.key.id, Plan(reason=Reason.COMPROMISE), request())
    issued = admin.issue(rotation.id)
    gone = Delivery("env", "failed", NOON, None)

    for refused in (
        lambda: asking.reissue(rotation.id),
        lambda: asking.prove(rotation.id, issued.secret),
        lambda: asking.deliver(rotation.id, gone),
        lambda: asking.waive(rotation.id, "gap", "none"),
        lambda: asking.leave_note(rotation.id, "mine"),
        lambda: asking.take_over(rotation.id),
        lambda: asking.abandon(rotation.id, ""),
    ):
        with pytest.raises(Forbidden):
            refused()
    admin.prove(rotation.id, issued.secret)
    admin.retire(rotation.id, "it leaked: cut off at once")
    for refused in (
        lambda: asking.restore(rotation.id),
        lambda: asking.rollback(rotation.id, ""),
        lambda: asking.complete(rotation.id, "be gone"),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert vault.authenticate(own.secret) is None
    assert vault.authenticate(issued.secret) is not None
    with pytest.raises(Forbidden, match="leaked"):
        itself(vault, own.key).plan(own.key.id, Plan(reason=Reason.COMPROMISE), request())


def test_its_own_rotation_is_left_to_the_operator_who_holds_it(vault: LocalVault) -> None:
    admin = vault.acting_as(BY_ADMIN)
    own = admin.create(HEIR, request()).key
    planned = admin.plan(own.id, Plan(), request())

    with pytest.raises(Forbidden, match="holds rotation"):
        itself(vault, own).issue(planned.id)


def test_it_rotates_itself(vault: LocalVault) -> None:
    own = vault.acting_as(BY_ADMIN).create(HEIR, request()).key
    managing = itself(vault, own)

    assert managing.issue(managing.plan(own.id, Plan(), request()).id).version.number == 2
