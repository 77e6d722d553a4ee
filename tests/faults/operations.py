"""Every method of a vault, made to do what it is for: on a vault that one team has used for a while."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlmodel import col, delete, func, select

from keytui.domain.access import MANAGE_SCOPE, Operation, Role
from keytui.domain.alerts import Attempt, Severity
from keytui.domain.automation import Selection
from keytui.domain.errors import Unsafe
from keytui.domain.keys import KeyDraft, KeyEdit, Kind
from keytui.domain.operators import OperatorDraft
from keytui.domain.reports import Leak
from keytui.domain.rotation import First, Plan, Strategy
from keytui.domain.secrets import Secret
from keytui.domain.webhooks import MessageState, Outgoing
from keytui.vault.local.log_head import HEAD_FILE
from keytui.vault.local.mapping import stored_id
from keytui.vault.local.tables import AuditRow, CheckpointRow, MessageRow, WebhookRow
from keytui.vault.local.vault import LocalVault
from keytui.vault.many_keys import NewKey, Origin
from keytui.vault.model import Found
from keytui.vault.reconciling import Decision
from tests.contract.acts import request
from tests.unit.vault.access.methods import ASKED, OF_ANOTHER, OPERATION, TOLD, WHOLE_VAULT, Call
from tests.unit.vault.access.two_tenants import PASSPHRASE, Tenant, leak_of
from tests.world import NOON

Prepare = Callable[[LocalVault, Tenant], Tenant]
ANYWAY: Final = "a test goes past the verdict"
DAY: Final = timedelta(days=1)
LEAK: Final = Leak("", 1, "another paste", NOON)


def as_it_is(_vault: LocalVault, own: Tenant) -> Tenant:
    return own


def fresh(vault: LocalVault, own: Tenant) -> Tenant:
    """A key of its own."""
    number = f"fault-{request()}"
    issued = vault.create(KeyDraft(f"fresh-{number}", "production", tenant=own.name), number)
    return replace(own, key_id=issued.key.id, secret=issued.secret)


def disabled(vault: LocalVault, own: Tenant) -> Tenant:
    made = fresh(vault, own)
    vault.disable(made.key_id, "")
    return made


def planned(vault: LocalVault, own: Tenant, plan: Plan = Plan()) -> Tenant:  # noqa: B008  # frozen
    made = fresh(vault, own)
    return replace(made, rotation_id=vault.plan(made.key_id, plan, f"fault-{request()}").id)


def issued(vault: LocalVault, own: Tenant) -> Tenant:
    """`secret` is the new one."""
    made = planned(vault, own)
    return replace(made, secret=vault.issue(made.rotation_id).secret)


def handed_over(vault: LocalVault, own: Tenant) -> Tenant:
    made = issued(vault, own)
    vault.prove(made.rotation_id, made.secret)
    return made


def retired(vault: LocalVault, own: Tenant) -> Tenant:
    made = handed_over(vault, own)
    vault.retire(made.rotation_id, ANYWAY)
    return made


def replaced_first(vault: LocalVault, own: Tenant) -> Tenant:
    """An emergency in which the old version is accepted still."""
    made = planned(vault, own, Plan(Strategy.EMERGENCY, first=First.REPLACE))
    vault.prove(made.rotation_id, vault.issue(made.rotation_id).secret)
    return made


def unlocked(vault: LocalVault, own: Tenant) -> Tenant:
    vault.unlock(PASSPHRASE)
    return own


def told(vault: LocalVault, own: Tenant) -> Tenant:
    claimed = vault.claim_notification("hook", list(Severity))
    assert claimed is not None
    return replace(own, alert_id=claimed.alert.id)


def turned(vault: LocalVault, own: Tenant) -> Tenant:
    vault.take_turn("host:1:a", DAY)
    return own


def held(vault: LocalVault, own: Tenant) -> Tenant:
    vault.hold_job("look", "host:1:a", DAY)
    return own


def _edits(vault: LocalVault, own: Tenant) -> object:
    return vault.edit(own.key_id, KeyEdit(owner="somebody else"))


def _adopts(vault: LocalVault, own: Tenant) -> object:
    values = ["hk_Zt7Qw9-xLmN4pRs8vYb2Kd6Hf3Jg5Tc1Ua", "a weak one"]
    found = [Found(f"K{number}", f"K{number}", Secret(value)) for number, value in enumerate(values)]
    return vault.adopt(found, KeyDraft("", "production", tenant=own.name))


def _leaks(own: Tenant) -> list[Leak]:
    return [replace(LEAK, key_id=own.key_id)]


def _witnesses(vault: LocalVault, own: Tenant) -> None:
    told = leak_of(own)
    vault.witness(replace(told, source="another log", leaks=tuple(_leaks(own))))


AS_MEANT: Final[dict[str, tuple[Prepare, Call]]] = {
    "create": (as_it_is, lambda vault, own: vault.create(KeyDraft("new", "production", tenant=own.name), "new")),
    "adopt": (as_it_is, _adopts),
    "add_keys": (
        as_it_is,
        lambda vault, own: vault.add_keys(
            [NewKey(f"new-{n}", KeyDraft("", "production", tenant=own.name), f"{n}" * 64) for n in (1, 2)],
            Origin.IMPORTED,
        ),
    ),
    "edit": (as_it_is, _edits),
    "disable": (fresh, OF_ANOTHER["disable"]),
    "enable": (disabled, OF_ANOTHER["enable"]),
    "revoke": (fresh, OF_ANOTHER["revoke"]),
    "plan": (fresh, OF_ANOTHER["plan"]),
    "issue": (planned, OF_ANOTHER["issue"]),
    "reissue": (issued, OF_ANOTHER["reissue"]),
    "prove": (issued, OF_ANOTHER["prove"]),
    "handed_over": (issued, OF_ANOTHER["handed_over"]),
    "restore": (retired, OF_ANOTHER["restore"]),
    "revoke_old": (replaced_first, OF_ANOTHER["revoke_old"]),
    "complete": (retired, OF_ANOTHER["complete"]),
    "abandon": (issued, OF_ANOTHER["abandon"]),
    "disable_auto_rotation": (as_it_is, lambda vault, own: vault.disable_auto_rotation(Selection(own.key_id))),
    "enable_auto_rotation": (
        as_it_is,
        lambda vault, own: vault.enable_auto_rotation(Selection(own.key_id), 30 * DAY),
    ),
    "seal": (
        unlocked,
        lambda vault, own: vault.seal(KeyDraft("hub", "production", Kind.TOKEN, tenant=own.name), Secret("x" * 40)),
    ),
    "reveal": (unlocked, OF_ANOTHER["reveal"]),
    "unlock": (as_it_is, lambda vault, own: vault.unlock(PASSPHRASE)),
    "change_passphrase": (
        as_it_is,
        lambda vault, own: vault.change_passphrase(PASSPHRASE, Secret("another passphrase of the team")),
    ),
    "witness": (as_it_is, _witnesses),
    "note_leaks": (as_it_is, lambda vault, own: vault.note_leaks(_leaks(own))),
    "ingested": (as_it_is, lambda vault, own: vault.ingested("log acme", {"lines": "7"})),
    "note_attempt": (
        told,
        lambda vault, own: vault.note_attempt(replace(TOLD, alert=replace(TOLD.alert, id=own.alert_id)), Attempt()),
    ),
    "add_operator": (as_it_is, lambda vault, own: vault.add_operator(OperatorDraft("grace", Role.STAFF, own.name))),
    "revoke_operator": (as_it_is, lambda vault, own: vault.revoke_operator("ada", "she left")),
    "disable_user": (as_it_is, lambda vault, own: vault.disable_user("payments", "they left")),
}
ELSEWHERE: Final = {
    "sync": "at_an_issuer.py",
    "set_passphrase": "test_statements.py: it takes a vault that has none",
    "close": "test_statements.py: what is closed cannot be asked again",
    "present": "a local vault takes no token",
    "principal": "it asks no database",
    "tend": "test_statements.py: it takes several transactions",
}


def told_by_webhook(vault: LocalVault, own: Tenant) -> Tenant:
    """A message that waits for the webhook `hook`, and one that failed there."""
    with vault._ground.database.writing() as session:
        rows = [
            MessageRow(
                message_id=f"event-{number}",
                webhook="hook",
                type="key.created",
                body=b"{}",
                state=state,
                created_at=NOON,
                next_at=NOON,
            )
            for number, state in enumerate((MessageState.WAITING, MessageState.FAILED))
        ]
        session.add_all(rows)
        session.merge(WebhookRow(name="gone", disabled_at=NOON))
        session.flush()
        return replace(own, alert_id=stored_id(rows[1].id))


def claimed(vault: LocalVault, own: Tenant) -> Tenant:
    """`alert_id` is the message's number."""
    told_by_webhook(vault, own)
    message = vault.claim_message("hook")
    assert message is not None
    return replace(own, alert_id=message.id)


def operators(vault: LocalVault, own: Tenant) -> Tenant:
    return replace(own, secret=vault.add_operator(OperatorDraft(f"lin-{request()}", Role.STAFF)).token)


def managing(vault: LocalVault, own: Tenant) -> Tenant:
    number = f"fault-{request()}"
    draft = KeyDraft(f"manages-{number}", "production", tenant=own.name, scopes=(MANAGE_SCOPE,))
    return replace(own, secret=vault.create(draft, number).secret)


def cut_off(vault: LocalVault, own: Tenant) -> Tenant:
    """As after an older copy of the database was put back, and another of its servers has reconciled it."""
    fresh(vault, own)
    head = vault._ground.profile.directory / HEAD_FILE
    ours = head.read_bytes()
    with vault._ground.database.writing() as session:
        end = session.exec(select(func.max(AuditRow.sequence))).one()
        session.exec(delete(AuditRow).where(col(AuditRow.sequence) == end))
        session.exec(delete(CheckpointRow).where(col(CheckpointRow.sequence) == end))
    vault.reconcile(Decision.KEEP, "")
    head.write_bytes(ours)
    return own


def _message_of(own: Tenant) -> Outgoing:
    return Outgoing(own.alert_id, "event-0", "hook", "key.created", b"{}", None)


def _retires_in_vain(vault: LocalVault, own: Tenant) -> None:
    """The refusal is in the log."""
    with suppress(Unsafe):
        vault.retire(own.rotation_id)


BESIDE: Final[dict[str, tuple[Prepare, Call]]] = {
    "take_turn": (as_it_is, lambda vault, own: vault.take_turn("host:1:a", DAY)),
    "end_turn": (turned, lambda vault, own: vault.end_turn("host:1:a")),
    "hold_job": (as_it_is, lambda vault, own: vault.hold_job("look", "host:1:a", DAY)),
    "leave_job": (held, lambda vault, own: vault.leave_job("look", "host:1:a")),
    "note_failed_logins": (as_it_is, lambda vault, own: vault.note_failed_logins({"203.0.113.9": 7})),
    "note_auto_rotation": (
        as_it_is,
        lambda vault, own: vault.note_auto_rotation(
            next(one for one in vault.auto_rotations() if one.key.id == own.key_id), "it was refused"
        ),
    ),
    "authenticate": (managing, lambda vault, own: vault.authenticate(own.secret, "203.0.113.7")),
    "claim_message": (told_by_webhook, lambda vault, own: vault.claim_message("hook")),
    "note_message": (claimed, lambda vault, own: vault.note_message(_message_of(own), "it answered 410", gone=True)),
    "enable_webhook": (told_by_webhook, lambda vault, own: vault.enable_webhook("gone")),
    "redeliver": (told_by_webhook, lambda vault, own: vault.redeliver(own.alert_id)),
    "retire against the verdict": (handed_over, _retires_in_vain),
    "accept_restore": (cut_off, lambda vault, own: vault.accept_restore("an older copy was put back")),
}
"""What servers and schedulers ask of a local vault beside the protocol."""
BESIDE_READ: Final[dict[str, tuple[Prepare, Call]]] = {
    "opens": (managing, lambda vault, own: vault.opens(own.secret)),
    "authenticate an operator": (operators, lambda vault, own: vault.authenticate(own.secret)),
    "tokens": (as_it_is, lambda vault, own: vault.tokens()),
    "tenants_of": (as_it_is, lambda vault, own: vault.tenants_of([own.key_id])),
    "tenants_moved": (as_it_is, lambda vault, own: vault.tenants_moved(1, 9)),
    "used_since": (as_it_is, lambda vault, own: vault.used_since(NOON)),
    "last_used": (as_it_is, lambda vault, own: vault.last_used(NOON - DAY)),
    "flushed_at": (as_it_is, lambda vault, own: vault.flushed_at([own.name, None])),
    "webhooks": (told_by_webhook, lambda vault, own: vault.webhooks()),
    "messages": (told_by_webhook, lambda vault, own: vault.messages("hook")),
    "auto_rotation": (as_it_is, lambda vault, own: vault.auto_rotation(own.key_id)),
    "due_auto_rotations": (as_it_is, lambda vault, own: vault.due_auto_rotations()),
    "syncs_due": (as_it_is, lambda vault, own: vault.syncs_due(DAY)),
    "open_rotation_to_end": (as_it_is, lambda vault, own: vault.open_rotation_to_end(own.key_id)),
    "require_reconciled": (as_it_is, lambda vault, own: vault.require_reconciled()),
    "repeatable": (as_it_is, lambda vault, own: vault.repeatable(Secret("r" * 43), b"another", lambda _: b"")),
}
"""And what of that changes nothing."""
CALLS: Final[dict[str, tuple[Prepare, Call]]] = {
    **{method: (as_it_is, call) for method, call in {**ASKED, **WHOLE_VAULT, **OF_ANOTHER}.items()},
    **AS_MEANT,
    **BESIDE,
    **BESIDE_READ,
    "checkpoint": (as_it_is, lambda vault, own: vault.checkpoint()),
    "verify_audit": (as_it_is, lambda vault, own: vault.verify_audit()),
}

READS: Final = frozenset({"recogniser", "bookmarks"})
"""What belongs to an operation that changes things, and changes none."""
WRITES: Final = frozenset({"check", "unlock", "arm", "add_keys", *BESIDE})
"""What changes something, and belongs to none, or to one of two by what is asked."""
EACH_TIME: Final = frozenset({"check", "unlock", "arm", "claim_notification", *BESIDE})
"""What is done again when it is asked again."""
_CHANGING: Final = frozenset(Operation) - {Operation.READ, Operation.CHECK}


def changes_something(method: str) -> bool:
    """Whether the method, as it is called here, leaves the vault otherwise than it was."""
    return method in WRITES or (OPERATION.get(method) in _CHANGING and method not in READS)
