"""Where nothing suspends the old version it is revoked, and systems are asked, before the rotation is completed."""

from __future__ import annotations

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Refused, Unsafe
from keytui.domain.rotation import First, Plan, Reason, RotationState, Strategy
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.domain.verification import Outcome
from keytui.vault.protocol import Vault
from tests.contract.acts import created, handed_over

EMERGENCY = Plan(Strategy.EMERGENCY, First.REPLACE, Reason.COMPROMISE)


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
