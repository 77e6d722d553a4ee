"""The matrix of roles and operations, as a vault holds it: one row for each method."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from keytui.domain.access import ALLOWED, SERVICE_SCOPES, Operation, Principal, Role
from keytui.domain.audit import Actor, AuditFilter
from keytui.domain.errors import Forbidden, KeytuiError, ReadOnly
from keytui.domain.keys import KeyDraft
from keytui.domain.operators import OperatorDraft
from keytui.vault.local.access.refusals import TOLD_EVERY
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.unit.vault.access.methods import ASKED, IN_OWN_TENANT, OF_ANOTHER, OPERATION, WHOLE_VAULT
from tests.unit.vault.access.two_tenants import NOTHING, TeamVault
from tests.world import StoppedClock

CALLS: Final = {**ASKED, **IN_OWN_TENANT, **WHOLE_VAULT, **OF_ANOTHER}
MATRIX: Final = {
    "local": "read check create edit import rotate disable revoke seal reveal passphrase acknowledge respond approve"
    " schedule operate sync review witness notify erase",
    "super_admin": "read check create edit import rotate disable revoke seal reveal passphrase acknowledge respond"
    " approve schedule operate sync review witness notify erase",
    "tenant_admin": "read check create edit import rotate disable revoke seal reveal acknowledge respond approve"
    " schedule operate review",
    "staff": "read",
    "key": "read check create edit import rotate disable revoke acknowledge respond schedule",
    "service": "",
}
"""Written down a second time, by hand: who changes the table in the domain says it here too."""


@pytest.mark.parametrize("role", Role)
def test_the_table_is_the_one_that_was_meant(role: Role) -> None:
    assert set(ALLOWED[role]) == {Operation(word) for word in MATRIX[role].split()}
    assert not SERVICE_SCOPES & ALLOWED[role]


@pytest.mark.parametrize("method", [method for method in CALLS if method not in {"principal", "arm"}])
@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_the_table_says(together: TeamVault, role: Role, method: str) -> None:
    """Asked for things that are not there, so that nothing is done: who may ask is told before what there is."""
    vault = together.owner.acting_as(replace(_somebody(role), operator_id=f"{role} {method}"))
    before = together.owner.audit(AuditFilter(type="access.refused"), 0, 1).total

    forbidden = False
    try:
        CALLS[method](vault, replace(NOTHING, name="acme"))
    except Forbidden:
        forbidden = True
    except (KeytuiError, IndexError, ValueError):
        pass

    allowed = OPERATION[method] in {Operation(word) for word in MATRIX[role].split()}
    refused = together.owner.audit(AuditFilter(type="access.refused"), 0, 1)
    assert forbidden is not allowed
    assert refused.total - before == int(forbidden)
    if forbidden:
        assert refused.entries[0].actor == "mallory@203.0.113.9"
        assert refused.entries[0].event.refused
        assert refused.entries[0].event.details["operation"] == OPERATION[method]


def test_whoever_repeats_what_is_refused_does_not_fill_the_log(profile: Profile, clock: StoppedClock) -> None:
    owner = LocalVault.open(profile, clock)
    hers = [owner.acting_as(replace(_somebody(Role.STAFF), operator_id=token)) for token in ("one", "one", "two")]
    refusals = AuditFilter(type="access.refused")
    for vault in hers * 10:
        with pytest.raises(Forbidden):
            vault.disable("", "mine")
    with pytest.raises(Forbidden):
        hers[0].revoke_operator("grace", "mine")
    assert owner.audit(refusals, 0, 1).total == 3  # two tokens tried one thing, and one of them another

    clock.advance(TOLD_EVERY)
    owner.tell_refusals()
    counted = [entry.event.details.get("count") for entry in owner.audit(refusals, 0, 9).entries]
    assert sorted(count for count in counted if count) == ["19", "9"]
    with pytest.raises(Forbidden):
        hers[2].disable("", "mine")
    with pytest.raises(Forbidden):
        hers[2].disable("", "mine")
    owner.close()

    again = LocalVault.open(profile, clock)  # what was counted at the end is not lost
    assert again.audit(refusals, 0, 1).total == 6
    again.close()


def test_asking_with_the_old_secret_takes_more_than_reading(together: TeamVault) -> None:
    own = together.tenants["acme"]
    staff = together.owner.acting_as(_somebody(Role.STAFF))

    assert staff.proof(own.rotation_id).rotation_id == own.rotation_id
    with pytest.raises(Forbidden, match="ask with a secret"):
        staff.proof(own.rotation_id, own.secret)


def test_what_a_role_allows_and_a_tenant_does_not_is_in_the_log(together: TeamVault) -> None:
    vault = together.owner.acting_as(_somebody(Role.TENANT_ADMIN))

    with pytest.raises(Forbidden):
        vault.add_operator(OperatorDraft("puppet", Role.SUPER_ADMIN))

    (entry, *_) = vault.audit(AuditFilter(type="access.refused"), 0, 1).entries
    assert (entry.actor, entry.event.details["operation"]) == ("mallory@203.0.113.9", "operate")
    assert "own tenant only" in entry.event.details["why"]


def test_what_a_read_only_server_refuses_is_in_the_log(profile: Profile) -> None:
    LocalVault.open(profile).close()
    served = LocalVault.open(replace(profile, read_only=True))
    grace = served.acting_as(Principal(Actor("grace", "10.0.0.8"), Role.SUPER_ADMIN))

    with pytest.raises(ReadOnly):
        grace.create(KeyDraft("checkout", "production"), "request-1")
    with pytest.raises(ReadOnly):
        served.create(KeyDraft("checkout", "production"), "request-1")  # its owner's own decision: not told

    (entry,) = served.audit(AuditFilter(type="access.refused"), 0, 9).entries
    assert (entry.actor, entry.event.refused) == ("grace@10.0.0.8", True)
    served.close()


def test_a_service_may_what_its_scopes_say(together: TeamVault) -> None:
    service = replace(_somebody(Role.SERVICE), scopes=frozenset({Operation.VERIFY}))

    assert service.may(Operation.VERIFY)
    assert not service.may(Operation.REPORT_USAGE)
    with pytest.raises(Forbidden, match="service"):
        together.owner.acting_as(service).standing()


def _somebody(role: Role) -> Principal:
    tenant = "acme" if role in {Role.TENANT_ADMIN, Role.KEY, Role.STAFF} else None
    return Principal(Actor("mallory", "203.0.113.9"), role, tenant)
