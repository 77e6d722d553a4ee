"""Every method of a vault, as a call: who may make it, and of whom it may speak. A new method has no entry here yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from keytui.domain.access import Operation, Role
from keytui.domain.alerts import Alert, AlertKind, Attempt, Notification, Severity, Signal
from keytui.domain.audit import AuditFilter
from keytui.domain.automation import Selection
from keytui.domain.incidents import Closing, IncidentDraft
from keytui.domain.keys import KeyDraft, KeyEdit, Kind
from keytui.domain.operators import OperatorDraft
from keytui.domain.query import Sort, parse
from keytui.domain.ranges import RANGES
from keytui.domain.reviews import Decision
from keytui.domain.rotation import Plan, Reason
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller
from keytui.probes.key_probe import Outcome as Answered
from keytui.vault.local.vault import LocalVault
from keytui.vault.many_keys import Origin
from keytui.vault.model import Delivery, Found
from keytui.vault.probed import Probed
from tests.unit.vault.access.two_tenants import PASSPHRASE, Tenant, leak_of
from tests.world import NOON

Call = Callable[[LocalVault, Tenant], object]

WHO: Final = Caller.called("web-1", "10.1.1.1")
SENT: Final = Delivery("env", "sent", NOON, None)
PROBED: Final = Probed("edge", 1, Answered.ACCEPTED, Answered.ACCEPTED, "200", timedelta(seconds=0.1))
YEAR: Final = timedelta(days=365)
LEARNED: Final = Closing("a leak", "rotated", "look twice")

TOLD: Final = Notification(
    "1", "hook", Alert(1, Signal(AlertKind.LEAK, "v1", Severity.CRITICAL, "it leaked"), NOON, NOON)
)

ASKED: Final[dict[str, Call]] = {
    "standing": lambda vault, own: vault.standing(),
    "changes": lambda vault, own: vault.changes(1, 0),
    "page": lambda vault, own: vault.page(parse(""), Sort(), 0, 100),
    "rows": lambda vault, own: vault.rows(parse("a"), Sort(), 0, 100),
    "count": lambda vault, own: vault.count(parse("flag:due")),
    "no_such_values": lambda vault, own: vault.no_such_values(parse("env:prod owner:a issuer:b scope:c")),
    "find": lambda vault, own: [vault.find(name) for name in ("checkout", own.secret.prefix(), "vip", "mailer")],
    "detail": lambda vault, own: [vault.detail(key_id) for key_id in (own.key_id, own.sensitive_id)],
    "rehearse": lambda vault, own: vault.rehearse(own.key_id, Plan()),
    "rotations": lambda vault, own: vault.rotations(False, 0, 100),
    "open_rotation": lambda vault, own: vault.open_rotation(own.key_id),
    "rotation": lambda vault, own: vault.rotation(own.rotation_id),
    "verdict": lambda vault, own: vault.verdict(own.rotation_id),
    "proof": lambda vault, own: vault.proof(own.rotation_id),
    "callers": lambda vault, own: vault.callers(own.key_id),
    "usage": lambda vault, own: [vault.usage(key_id, NOON - YEAR, 2) for key_id in (None, own.key_id)],
    "monitor": lambda vault, own: [vault.monitor(over, 9, key) for over in RANGES for key in (None, own.key_id)],
    "caller_traffic": lambda vault, own: vault.caller_traffic(own.key_id),
    "caller_keys": lambda vault, own: vault.caller_keys(WHO),
    "schedule": lambda vault, own: vault.schedule(NOON + YEAR),
    "check": lambda vault, own: vault.check(own.secret, [], WHO),
    "diagnose": lambda vault, own: vault.diagnose(own.secret),
    "audit": lambda vault, own: vault.audit(AuditFilter(), 0, 1000),
    "sources": lambda vault, own: vault.sources(),
    "issuers": lambda vault, own: vault.issuers(),
    "alerts": lambda vault, own: vault.alerts(resolved=True),
    "tend": lambda vault, own: vault.tend(),
    "incidents": lambda vault, own: vault.incidents(open_only=False),
    "incident": lambda vault, own: vault.incident(own.incident_id),
    "reviews": lambda vault, own: vault.reviews(parse(""), 0, 100),
    "principal": lambda vault, own: vault.principal(),
    "operators": lambda vault, own: vault.operators(),
    "approvals": lambda vault, own: vault.approvals(decided=True),
    "auto_rotations": lambda vault, own: vault.auto_rotations(),
}
"""What a tenant hears is the same without and with a neighbour."""

OF_ANOTHER: Final[dict[str, Call]] = {
    "find": lambda vault, other: vault.find(other.key_id),
    "detail": lambda vault, other: vault.detail(other.key_id),
    "rehearse": lambda vault, other: vault.rehearse(other.key_id, Plan()),
    "open_rotation": lambda vault, other: vault.open_rotation(other.key_id),
    "rotation": lambda vault, other: vault.rotation(other.rotation_id),
    "verdict": lambda vault, other: vault.verdict(other.rotation_id),
    "proof": lambda vault, other: vault.proof(other.rotation_id),
    "callers": lambda vault, other: vault.callers(other.key_id),
    "usage": lambda vault, other: vault.usage(other.key_id, NOON - YEAR, 9),
    "monitor": lambda vault, other: vault.monitor(RANGES[0], 9, other.key_id),
    "caller_traffic": lambda vault, other: vault.caller_traffic(other.key_id),
    "audit_extract": lambda vault, other: vault.audit_extract(other.key_id, None),
    "edit": lambda vault, other: vault.edit(other.key_id, KeyEdit(owner="me")),
    "note_copied": lambda vault, other: vault.note_copied(other.key_id, 1, "a clipboard"),
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
    "revoke_old": lambda vault, other: vault.revoke_old(other.rotation_id, "anyway"),
    "complete": lambda vault, other: vault.complete(other.rotation_id, "anyway"),
    "rollback": lambda vault, other: vault.rollback(other.rotation_id, ""),
    "abandon": lambda vault, other: vault.abandon(other.rotation_id, ""),
    "waive": lambda vault, other: vault.waive(other.rotation_id, "web-1", "known"),
    "leave_note": lambda vault, other: vault.leave_note(other.rotation_id, "mine now"),
    "note_probed": lambda vault, other: vault.note_probed(other.rotation_id, PROBED),
    "take_over": lambda vault, other: vault.take_over(other.rotation_id),
    "reveal": lambda vault, other: vault.reveal(other.kept_id),
    "incident": lambda vault, other: vault.incident(other.incident_id),
    "open_incident": lambda vault, other: vault.open_incident(IncidentDraft("it leaked", (other.key_id,))),
    "note_incident": lambda vault, other: vault.note_incident(other.incident_id, "mine now"),
    "close_incident": lambda vault, other: vault.close_incident(other.incident_id, LEARNED),
    "sign_off": lambda vault, other: vault.sign_off(other.key_id, Decision.KEPT, ""),
    "acknowledge": lambda vault, other: vault.acknowledge(other.alert_id, "seen"),
    "approve": lambda vault, other: vault.approve(other.approval_id, ""),
    "deny": lambda vault, other: vault.deny(other.approval_id, ""),
    "enable_auto_rotation": lambda vault, other: vault.enable_auto_rotation(Selection(other.key_id), YEAR),
}
"""Asked for what is another's, a vault says word for word what it says of what is not there."""

WHOLE_VAULT: Final[dict[str, Call]] = {
    "set_passphrase": lambda vault, own: vault.set_passphrase(PASSPHRASE),
    "change_passphrase": lambda vault, own: vault.change_passphrase(PASSPHRASE, PASSPHRASE),
    "lock": lambda vault, own: vault.lock(),
    "recogniser": lambda vault, own: vault.recogniser(),
    "bookmarks": lambda vault, own: vault.bookmarks("log acme"),
    "witness": lambda vault, own: vault.witness(leak_of(own)),
    "note_leaks": lambda vault, own: vault.note_leaks(leak_of(own).leaks),
    "ingested": lambda vault, own: vault.ingested("log acme", {}),
    "sync": lambda vault, own: vault.sync("builtin"),
    "claim_notification": lambda vault, own: vault.claim_notification("hook", list(Severity)),
    "note_attempt": lambda vault, own: vault.note_attempt(TOLD, Attempt()),
    "erase": lambda vault, own: vault.erase("10.1.1.1"),
    "arm": lambda vault, own: vault.arm("team"),
}
"""What is not divided by tenants takes somebody of all of them."""

IN_OWN_TENANT: Final[dict[str, Call]] = {
    "create": lambda vault, own: vault.create(KeyDraft("", "production"), "unnamed"),
    "adopt": lambda vault, own: vault.adopt([Found("", "", own.secret)], KeyDraft("", "production")),
    "add_keys": lambda vault, own: vault.add_keys([], Origin.IMPORTED, rehearse=True),
    "seal": lambda vault, own: vault.seal(KeyDraft("", "production", Kind.TOKEN), Secret("x" * 40)),
    "add_operator": lambda vault, own: vault.add_operator(OperatorDraft("ada", Role.STAFF, own.name)),
    "revoke_operator": lambda vault, own: vault.revoke_operator("nobody", ""),
    "disable_user": lambda vault, own: vault.disable_user("nobody", ""),
    "disable_auto_rotation": lambda vault, own: vault.disable_auto_rotation(Selection("k" * 16)),
}
"""Without an effect, as they are called here; `test_own_tenant` is about the one that they have."""

TELLS_NOTHING: Final = {
    "verify_audit": "whether the log is whole, and how long it is: the chain is one for all",
    "checkpoint": "a hash and how long the log is",
    "unlock": "whether the passphrase is right: it is one for all",
    "close": "nothing",
    "present": "nothing: a local vault takes no token",
}


_ROTATING = (
    "plan issue reissue prove handed_over deliver retire restore revoke_old complete rollback abandon waive leave_note"
    " note_probed note_copied take_over"
)
_BY_OPERATION: Final = {
    Operation.READ: " ".join(method for method in ASKED if method not in {"principal", "check", "diagnose"})
    + " audit_extract",
    Operation.CHECK: "check diagnose",
    Operation.CREATE: "create",
    Operation.EDIT: "edit",
    Operation.IMPORT: "adopt add_keys",
    Operation.ROTATE: _ROTATING,
    Operation.DISABLE: "disable enable disable_user",
    Operation.REVOKE: "revoke",
    Operation.SEAL: "seal",
    Operation.REVEAL: "reveal",
    Operation.PASSPHRASE: "set_passphrase change_passphrase lock",
    Operation.ACKNOWLEDGE: "acknowledge",
    Operation.RESPOND: "open_incident note_incident close_incident",
    Operation.REVIEW: "sign_off",
    Operation.APPROVE: "approve deny",
    Operation.SCHEDULE: "enable_auto_rotation disable_auto_rotation",
    Operation.SYNC: "sync",
    Operation.OPERATE: "add_operator revoke_operator",
    Operation.WITNESS: "recogniser bookmarks witness note_leaks ingested",
    Operation.NOTIFY: "claim_notification note_attempt",
    Operation.ERASE: "erase",
}
OPERATION: Final = {method: operation for operation, methods in _BY_OPERATION.items() for method in methods.split()}
"""What each method asks of a role."""
