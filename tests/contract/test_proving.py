"""Where nothing suspends the old version it is revoked, and systems are asked, before the rotation is completed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Refused, Unsafe
from keytui.domain.rotation import First, Plan, Reason, RotationState, Strategy
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.domain.verification import Outcome
from keytui.probes.key_probe import Outcome as Answered
from keytui.vault.probed import Probed
from keytui.vault.protocol import Vault
from tests.contract.acts import created, handed_over
from tests.contract.conftest import House
from tests.world import StoppedClock

EMERGENCY = Plan(Strategy.EMERGENCY, First.REPLACE, Reason.COMPROMISE)
AT_ONCE = (Plan(Strategy.IMMEDIATE), Plan(Strategy.EMERGENCY, First.REVOKE, Reason.COMPROMISE))
LET_IN = Probed("ready", 1, Answered.REFUSED, Answered.ACCEPTED, "200", timedelta(seconds=2))


def test_what_is_revoked_first_is_completed_without_another_verdict(vault: Vault) -> None:
    first = created(vault)
    rotation, second = handed_over(vault, first.key.id, EMERGENCY)
    with pytest.raises(Unsafe):
        vault.revoke_old(rotation.id)

    proving = vault.revoke_old(rotation.id, "it is on the internet")

    assert (proving.state, proving.open) == (RotationState.PROVING, True)
    assert vault.check(first.secret, [], UNKNOWN_CALLER).reason is Outcome.REVOKED
    assert vault.check(second.secret, [], UNKNOWN_CALLER).valid
    assert vault.rotation(rotation.id).assessment is None
    with pytest.raises(Refused, match="has revoked v1 already"):
        vault.verdict(rotation.id)
    with pytest.raises(Refused, match="already revoked"):
        vault.rollback(rotation.id, "")
    assert vault.complete(rotation.id).state is RotationState.COMPLETED
    told = [entry.event.type for entry in vault.audit(AuditFilter(key_id=first.key.id), 0, 2).entries]
    assert told == ["rotation.completed", "rotation.old-revoked"]


def test_what_is_suspended_first_cannot_be_revoked_so(vault: Vault) -> None:
    rotation, _ = handed_over(vault, created(vault).key.id, Plan())
    with pytest.raises(Refused, match="cannot revoke-old"):
        vault.revoke_old(rotation.id, "so")


def test_a_system_that_let_it_in_keeps_everybody_from_completing_until_it_says_otherwise(house: House) -> None:
    vault = house.vault
    rotation, _ = handed_over(vault, created(vault).key.id, EMERGENCY)
    vault.revoke_old(rotation.id, "it is on the internet")
    vault.note_probed(rotation.id, LET_IN)

    with pytest.raises(Refused, match="v1 of checkout-api was STILL ACCEPTED at ready"):
        vault.complete(rotation.id)

    vault.note_probed(rotation.id, replace(LET_IN, outcome=Answered.REFUSED, said="401"))
    assert vault.complete(rotation.id).state is RotationState.COMPLETED


def test_an_override_goes_past_what_a_system_said(vault: Vault) -> None:
    rotation, _ = handed_over(vault, created(vault).key.id, Plan())
    vault.retire(rotation.id, "so")
    vault.note_probed(rotation.id, LET_IN)
    assert vault.complete(rotation.id, "the probe is wrong").state is RotationState.COMPLETED


@pytest.mark.parametrize("plan", AT_ONCE, ids=["immediate", "revoke first"])
def test_a_hand_over_completes_where_the_old_version_is_over_unless_a_system_lets_it_in(
    vault: Vault, clock: StoppedClock, plan: Plan
) -> None:
    """Also where the clock was set back in between."""
    key = created(vault).key
    assert handed_over(vault, key.id, plan)[0].state is RotationState.COMPLETED
    rotation = vault.plan(key.id, plan, "second")
    issued = vault.issue(rotation.id)
    let_in = replace(LET_IN, version=2)
    clock.advance(-timedelta(hours=1))
    vault.note_probed(rotation.id, let_in)

    proving = vault.prove(rotation.id, issued.secret)

    assert (proving.state, proving.open, proving.delivered_at is None) == (RotationState.PROVING, True, False)
    assert vault.check(issued.secret, [], UNKNOWN_CALLER).valid
    with pytest.raises(Refused, match="v2 of checkout-api was STILL ACCEPTED at ready"):
        vault.complete(rotation.id)
    vault.note_probed(rotation.id, replace(let_in, outcome=Answered.REFUSED, said="401"))
    assert vault.complete(rotation.id).state is RotationState.COMPLETED
    assert vault.open_rotation(key.id) is None
