"""A principal of one tenant meets nothing of another, by any method that a vault has.

Two vaults are compared: one where a tenant is alone, one where a neighbour has the same names and the same traffic. To
everything that it can ask, the tenant hears the same in both; and what is the neighbour's is not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from keytui.domain.access import Role
from keytui.domain.alerts import Attempt, Notification, Severity
from keytui.domain.audit import AuditFilter
from keytui.domain.automation import Selection
from keytui.domain.errors import Forbidden, KeytuiError, NotFound
from keytui.domain.keys import KeyEdit
from keytui.domain.monitor import RANGES
from keytui.domain.query import Sort, parse
from keytui.domain.rotation import Plan, Reason
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Delivery
from keytui.vault.protocol import Vault
from tests.unit.vault.access.two_tenants import PASSPHRASE, TeamVault, Tenant, leak_of
from tests.world import NOON

WHO: Final = Caller.called("web-1", "10.1.1.1")
SENT: Final = Delivery("env", "sent", NOON, None)
YEAR: Final = timedelta(days=365)

ASKED: Final[dict[str, Callable[[LocalVault, Tenant], object]]] = {
    "standing": lambda vault, own: vault.standing(),
    "changes": lambda vault, own: vault.changes(1, 0),
    "page": lambda vault, own: vault.page(parse(""), Sort(), 0, 100),
    "find": lambda vault, own: [vault.find(name) for name in ("checkout", own.secret.prefix(), "vip", "mailer")],
    "detail": lambda vault, own: [vault.detail(key_id) for key_id in (own.key_id, own.sensitive_id)],
    "rehearse": lambda vault, own: vault.rehearse(own.key_id, Plan()),
    "rotations": lambda vault, own: vault.rotations(False, 0, 100),
    "open_rotation": lambda vault, own: vault.open_rotation(own.key_id),
    "rotation": lambda vault, own: vault.rotation(own.rotation_id),
    "verdict": lambda vault, own: vault.verdict(own.rotation_id),
    "proof": lambda vault, own: vault.proof(own.rotation_id),
    "callers": lambda vault, own: vault.callers(own.key_id),
    "usage": lambda vault, own: [vault.usage(key_id, NOON - YEAR, 9) for key_id in (None, own.key_id)],
    "monitor": lambda vault, own: [vault.monitor(over, 9, key) for over in RANGES for key in (None, own.key_id)],
    "caller_traffic": lambda vault, own: vault.caller_traffic(own.key_id),
    "caller_keys": lambda vault, own: vault.caller_keys(WHO),
    "schedule": lambda vault, own: vault.schedule(NOON + YEAR),
    "check": lambda vault, own: vault.check(own.secret, [], WHO),
    "diagnose": lambda vault, own: vault.diagnose(own.secret),
    "audit": lambda vault, own: vault.audit(AuditFilter(), 0, 1000),
    "sources": lambda vault, own: vault.sources(),
    "alerts": lambda vault, own: vault.alerts(resolved=True),
    "tend": lambda vault, own: vault.tend(),
    "principal": lambda vault, own: vault.principal(),
    "operators": lambda vault, own: vault.operators(),
    "approvals": lambda vault, own: vault.approvals(decided=True),
    "auto_rotations": lambda vault, own: vault.auto_rotations(),
}
"""What a tenant hears is the same without and with a neighbour."""

OF_ANOTHER: Final[dict[str, Callable[[LocalVault, Tenant], object]]] = {
    "find": lambda vault, other: vault.find(other.key_id),
    "detail": lambda vault, other: vault.detail(other.key_id),
    "rehearse": lambda vault, other: vault.rehearse(other.key_id, Plan()),
    "open_rotation": lambda vault, other: vault.open_rotation(other.key_id),
    "rotation": lambda vault, other: vault.rotation(other.rotation_id),
    "verdict": lambda vault, other: vault.verdict(other.rotation_id),
    "proof": lambda vault, other: vault.proof(other.rotation_id, other.secret),
    "callers": lambda vault, other: vault.callers(other.key_id),
    "usage": lambda vault, other: vault.usage(other.key_id, NOON - YEAR, 9),
    "monitor": lambda vault, other: vault.monitor(RANGES[0], 9, other.key_id),
    "caller_traffic": lambda vault, other: vault.caller_traffic(other.key_id),
    "audit_extract": lambda vault, other: vault.audit_extract(other.key_id, None),
    "edit": lambda vault, other: vault.edit(other.key_id, KeyEdit(owner="me")),
    "disable": lambda vault, other: vault.disable(other.key_id, ""),
    "enable": lambda vault, other: vault.enable(other.key_id, ""),
    "revoke": lambda vault, other: vault.revoke(other.key_id, None, Reason.COMPROMISE, ""),
    "plan": lambda vault, other: vault.plan(other.key_id, Plan(), "of-another"),
    "issue": lambda vault, other: vault.issue(other.rotation_id),
    "reissue": lambda vault, other: vault.reissue(other.rotation_id),
    "prove": lambda vault, other: vault.prove(other.rotation_id, other.secret),
    "handed_over": lambda vault, other: vault.handed_over(other.rotation_id, SENT),
    "deliver": lambda vault, other: vault.deliver(other.rotation_id, SENT),
    "retire": lambda vault, other: vault.retire(other.rotation_id, "anyway"),
    "restore": lambda vault, other: vault.restore(other.rotation_id),
    "complete": lambda vault, other: vault.complete(other.rotation_id, "anyway"),
    "rollback": lambda vault, other: vault.rollback(other.rotation_id, ""),
    "abandon": lambda vault, other: vault.abandon(other.rotation_id, ""),
    "waive": lambda vault, other: vault.waive(other.rotation_id, "web-1", "known"),
    "leave_note": lambda vault, other: vault.leave_note(other.rotation_id, "mine now"),
    "take_over": lambda vault, other: vault.take_over(other.rotation_id),
    "reveal": lambda vault, other: vault.reveal(other.kept_id),
    "acknowledge": lambda vault, other: vault.acknowledge(other.alert_id, "seen"),
    "approve": lambda vault, other: vault.approve(other.approval_id, ""),
    "deny": lambda vault, other: vault.deny(other.approval_id, ""),
    "enable_auto_rotation": lambda vault, other: vault.enable_auto_rotation(Selection(other.key_id), YEAR),
}
"""Asked for what is another's, a vault says word for word what it says of what is not there."""

WHOLE_VAULT: Final[dict[str, Callable[[LocalVault, Tenant], object]]] = {
    "set_passphrase": lambda vault, own: vault.set_passphrase(PASSPHRASE),
    "change_passphrase": lambda vault, own: vault.change_passphrase(PASSPHRASE, PASSPHRASE),
    "recogniser": lambda vault, own: vault.recogniser(),
    "bookmarks": lambda vault, own: vault.bookmarks("log acme"),
    "witness": lambda vault, own: vault.witness(leak_of(own)),
    "ingested": lambda vault, own: vault.ingested("log acme", {}),
    "claim_notification": lambda vault, own: vault.claim_notification("hook", list(Severity)),
    "note_attempt": lambda vault, own: vault.note_attempt(Notification("1", "hook", vault.alerts()[0]), Attempt()),
    "erase": lambda vault, own: vault.erase("10.1.1.1"),
    "arm": lambda vault, own: vault.arm("team"),
}
"""What is not divided by tenants takes somebody of all of them."""

IN_OWN_TENANT: Final = frozenset(
    {"create", "adopt", "seal", "add_operator", "revoke_operator", "disable_user", "disable_auto_rotation"}
)
"""`test_own_tenant` has these."""
TELLS_NOTHING: Final = {
    "verify_audit": "whether the log is whole, and how long it is: the chain is one for all",
    "checkpoint": "a hash and how long the log is",
    "unlock": "whether the passphrase is right: it is one for all",
    "lock": "nothing",
    "close": "nothing",
    "present": "nothing: a local vault takes no token",
}


def test_every_method_of_a_vault_is_told_apart_here() -> None:
    methods = {name for part in Vault.__mro__ for name, value in vars(part).items() if callable(value)}
    told = {*ASKED, *OF_ANOTHER, *WHOLE_VAULT, *IN_OWN_TENANT, *TELLS_NOTHING}

    assert {name for name in methods if not name.startswith("_")} == told


@pytest.mark.parametrize("method", ASKED)
@pytest.mark.parametrize("role", [Role.TENANT_ADMIN, Role.STAFF, Role.KEY])
def test_a_neighbour_changes_nothing_of_what_a_tenant_hears(
    alone: TeamVault, together: TeamVault, method: str, role: Role
) -> None:
    heard = [_heard(team, method, role) for team in (alone, together)]

    assert heard[0] == heard[1]
    assert not [word for word in ("globex", together.tenants["globex"].key_id) if word in heard[1]]


@pytest.mark.parametrize("method", OF_ANOTHER)
def test_what_is_another_tenants_is_not_there(together: TeamVault, method: str) -> None:
    vault, other = together.as_(together.tenants["acme"].admin), together.tenants["globex"]
    nothing = Tenant("none", other.admin, "k" * 16, Secret("tk_none"), "k" * 16, "k" * 16, 404, 404, 404)

    said = [_refused(OF_ANOTHER[method], vault, of) for of in (other, nothing)]

    assert isinstance(said[0], NotFound) or method == "enable_auto_rotation"
    assert type(said[0]) is type(said[1])
    assert _without(other, said[0].message) == _without(nothing, said[1].message)
    assert said[0].hint == said[1].hint


@pytest.mark.parametrize("method", WHOLE_VAULT)
def test_what_is_the_whole_vaults_is_forbidden(together: TeamVault, method: str) -> None:
    own = together.tenants["acme"]

    with pytest.raises(Forbidden):
        WHOLE_VAULT[method](together.as_(own.admin), own)


def test_who_has_no_tenant_sees_all(together: TeamVault) -> None:
    everything = together.as_(together.principal("grace", Role.SUPER_ADMIN))

    for method in ("page", "rotations", "alerts", "audit", "monitor", "caller_keys", "schedule", "auto_rotations"):
        answer = repr(ASKED[method](everything, together.tenants["acme"]))
        assert all(tenant.key_id in answer for tenant in together.tenants.values()), method
    assert {one.tenant for one in everything.operators()} == {None, "acme", "globex"}
    assert {one.tenant for one in everything.approvals()} == {"acme", "globex"}
    assert {one.name for one in everything.sources()} == {"log acme", "log globex", "recorder api-1"}


def _heard(team: TeamVault, method: str, role: Role) -> str:
    """The answer in words, without places in the one log and the numbers that all alerts share."""
    own = team.tenants["acme"]
    principal = replace(own.admin, role=role)
    try:
        answer = repr(ASKED[method](team.owner.acting_as(principal), own))
    except Forbidden as refusal:
        answer = refusal.message
    return re.sub(r"(Alert\(id|position|sequence)=\d+|(location|previous|hash)='[^']*'", "", answer)


def _refused(ask: Callable[[LocalVault, Tenant], object], vault: LocalVault, of: Tenant) -> KeytuiError:
    with pytest.raises(KeytuiError) as refused:
        ask(vault, of)
    return refused.value


def _without(what: Tenant, text: str) -> str:
    """A message without the id or number that was asked for, which its asker knows."""
    numbers = {f"#{number}" for number in (what.rotation_id, what.approval_id, what.alert_id)}
    shown = re.sub(r"#\d+", lambda found: "#N" if found[0] in numbers else found[0], text)
    return shown.replace(what.key_id, "ID")
