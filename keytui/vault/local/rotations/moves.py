"""One move of a rotation: the domain's table says what happens, this makes it so in the rows of one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from keytui.domain.access import Principal, Role
from keytui.domain.audit import Event
from keytui.domain.automation import is_automatic
from keytui.domain.errors import Forbidden, Refused
from keytui.domain.keys import VersionState
from keytui.domain.rotation import CLOSED, Rotation, RotationState, Verb, move
from keytui.vault.deliveries import LONGEST_DELIVERY, PUTTING_BACK, under_way
from keytui.vault.local.access.tenancy import acts_on_itself, refuse_another_manager, refuse_its_own_leak
from keytui.vault.local.issuing.told import tell_state
from keytui.vault.local.leases import time_of_all
from keytui.vault.local.mapping import delivery_of, fingerprint_of, stored_id
from keytui.vault.local.rows import key_row, repeat_versions, rotation_row, stored_rotation, version_row
from keytui.vault.local.section import Write
from keytui.vault.local.tables import DeliveryRow, KeyRow, RotationRow, StepRow
from keytui.vault.local.webhooks.messaging import drop_secrets
from keytui.vault.model import Delivery


@dataclass(frozen=True, slots=True)
class Subject:
    """A rotation that is being acted on, with its key. `rotation` is how it stood when it was taken up."""

    session: Session
    row: RotationRow
    key: KeyRow
    rotation: Rotation

    def event(self, type_: str, version: int | None = None, refused: bool = False, **details: str) -> Event:
        """An audit event about this rotation, of its old version where none is named; empty details are left out."""
        old = self.row.old_version
        told = {
            **details,
            "old_fingerprint": self._fingerprint(old),
            "new_fingerprint": self._fingerprint(self.row.new_version),
        }
        shown = {name: value for name, value in told.items() if value}
        return Event(type_, self.key.id, self.key.name, version or old, self.row.id, shown, refused)

    def _fingerprint(self, number: int | None) -> str:
        return "" if number is None else fingerprint_of(version_row(self.session, self.key.id, number)) or ""


def subject_of(session: Session, rotation_id: int) -> Subject:
    """The rotation, whoever holds it."""
    row = rotation_row(session, rotation_id)
    return Subject(session, row, key_row(session, row.key_id), stored_rotation(session, row))


def take_up(write: Write, rotation_id: int) -> Subject:
    """The rotation, held by this actor from now on; taking it from another is audited.

    Refused while the other is at one of its targets, and for auto-rotation, which takes nothing from an operator.
    """
    subject = open_to(write, rotation_id)
    row, rotation = subject.row, subject.rotation
    if rotation.open and row.holder != write.actor:
        if not _holds(write.principal, row.holder):
            _refuse_theirs(write, subject)
            write.record(subject.event("rotation.taken-over", previously=row.holder))
            add_step(write, row, "take-over", f"from {row.holder}")
        row.holder = write.actor
    return subject


def take_up_beside(write: Write, rotation_id: int) -> Subject:
    """The rotation, for a word that leaves it to auto-rotation where that holds it; else as `take_up`."""
    subject = open_to(write, rotation_id)
    return subject if is_automatic(subject.row.holder) else take_up(write, rotation_id)


def held(write: Write, rotation_id: int) -> Subject:
    """The rotation, for its holder alone. Refused once another has it, who may have been at a target since."""
    subject = open_to(write, rotation_id)
    if subject.rotation.open and not _is_ours(write, subject.row.holder):
        raise Refused(
            f"{subject.row.holder} holds rotation #{rotation_id}, and may have delivered since",
            f"`keytui take-over {subject.key.id}`, and look again at what the target holds",
        )
    return subject


def open_to(write: Write, rotation_id: int) -> Subject:
    """The rotation, for whoever may do anything with it. An API key may not with that of another managing key.

    Nor with its own when its secret leaked or an operator has taken that up: perhaps it is a thief who asks.
    """
    subject = subject_of(write.session, rotation_id)
    principal, key, holder = write.principal, subject.key, subject.row.holder
    refuse_another_manager(principal, key)
    refuse_its_own_leak(principal, key, subject.rotation.plan.reason)
    if acts_on_itself(principal, key) and not (_holds(principal, holder) or is_automatic(holder)):
        raise Forbidden(f"{holder} holds rotation #{rotation_id} of {key.name}", "it is left to them")
    return subject


def deliveries_of(subject: Subject) -> tuple[Delivery, ...]:
    """What was told of the rotation's deliveries, oldest first."""
    found = select(DeliveryRow).where(DeliveryRow.rotation_id == subject.row.id).order_by(col(DeliveryRow.id))
    return tuple(delivery_of(row) for row in subject.session.exec(found))


def _refuse_theirs(write: Write, subject: Subject) -> None:
    """Two who are at one target at a time could leave it with a version that the vault revokes."""
    holder, number = subject.row.holder, subject.row.id
    if write.leased:
        if not is_automatic(holder):
            raise Refused(f"{holder} holds rotation #{number}", "it is left to them")
        return
    now = time_of_all(write.session, write.now)
    for one in under_way(deliveries_of(subject)):
        if abs(now - one.at) < LONGEST_DELIVERY:
            raise Refused(
                f"{holder} is at {one.target} with rotation #{number}, since {one.at:%H:%M:%SZ}",
                f"wait until that has ended; it is nobody's any more at {one.at + LONGEST_DELIVERY:%H:%M:%SZ}",
            )


def refuse_beside_another(write: Write, subject: Subject, delivery: Delivery) -> None:
    """Whoever goes back at a target, or says that it does not hold what was begun, waits for a delivery of the same
    name in another process: that may arrive still. Who died under one is waited for as well.
    """
    now = time_of_all(write.session, write.now)
    for one in under_way(deliveries_of(subject)):
        theirs = one.target == delivery.target and one.run != delivery.run and one.detail != PUTTING_BACK
        if theirs and abs(now - one.at) < LONGEST_DELIVERY:
            raise Refused(
                f"another process is at {one.target} with rotation #{subject.row.id}, or died there, since"
                f" {one.at:%H:%M:%SZ}",
                f"wait until that has ended; it counts no more at {one.at + LONGEST_DELIVERY:%H:%M:%SZ}."
                " What has the secret may go on with it at once",
            )


def _is_ours(write: Write, holder: str) -> bool:
    """Auto-rotation's runs on several hosts are one: one of them at a time has the turn."""
    return _holds(write.principal, holder) or (write.leased and is_automatic(holder))


def _holds(principal: Principal, holder: str) -> bool:
    """Whether the holder is who asks. On a server that is the token's name, from whatever address; elsewhere the
    user of one host, because `root` of another may be somebody else.
    """
    actor = principal.actor
    if principal.role is Role.LOCAL:
        return holder == str(actor)
    return holder == actor.name or holder.rpartition("@")[0] == actor.name


def carry_out(write: Write, subject: Subject, verb: Verb, detail: str = "") -> None:
    """Pass through the states of the verb's move and give both versions theirs. Refused where it may not follow."""
    row, key = subject.row, subject.key
    move_ = move(subject.rotation, verb)
    for state in move_.states:
        row.state = state
        row.closed_at = write.now if state in CLOSED else None
        add_step(write, row, verb, detail)
    if move_.old is not None:
        _set_state(write, key, row.old_version, move_.old, told=write.told.replaced)
    if move_.new is not None and row.new_version is not None:
        _set_state(write, key, row.new_version, move_.new)
    if row.closed_at is not None:
        key.rotation_id = None
    repeat_versions(write.session, key)


def add_step(write: Write, row: RotationRow, verb: str, detail: str = "") -> None:
    """Note what happened to a rotation, in the state it has now."""
    write.session.add(
        StepRow(
            rotation_id=stored_id(row.id),
            at=write.now,
            actor=write.actor,
            verb=verb,
            state=RotationState(row.state),
            detail=detail,
        )
    )


def _set_state(write: Write, key: KeyRow, number: int, state: VersionState, *, told: bool = False) -> None:
    """`told`: its issuer has made it so already."""
    row = version_row(write.session, key.id, number)
    if not told and row.state != state:
        tell_state(write, row, state)
        if state is VersionState.REVOKED and (key.id, number) not in write.told.unasked:
            row.drift = ""  # its issuer has said that it ends
    if state is VersionState.ACTIVE:
        row.accept_until = None
    elif state is VersionState.OUTGOING and row.state == VersionState.ACTIVE:
        row.accept_until = key.expires_at
    row.state = state
    row.revoked_at = write.now if state is VersionState.REVOKED else None
    if state is VersionState.REVOKED:
        drop_secrets(write.session, key.id, number)
