"""An act that takes a second operator's word: let through where that was given, else asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlmodel import Session, col, select, update

from keytui.domain.access import Operation, Role
from keytui.domain.approvals import LASTS, ApprovalState, latest_expiry
from keytui.domain.audit import Event
from keytui.domain.errors import ApprovalNeeded, Forbidden
from keytui.domain.keys import Key
from keytui.domain.operators import person
from keytui.vault.local.clock_leaps import is_behind
from keytui.vault.local.mapping import stored_id
from keytui.vault.local.tables import ApprovalRow, KeyRow

if TYPE_CHECKING:
    from keytui.vault.local.section import Write


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody wants to do, as the one who approves it reads it. A key that is to be made has no id yet."""

    operation: Operation
    key_id: str
    key_name: str
    environment: str
    tenant: str
    what: str
    so_far: str = ""
    """What of it is done already, where that did not wait."""
    then: str = "do the same again"
    """How it goes on, once it is approved."""

    @classmethod
    def on(cls, key: KeyRow | Key, operation: Operation, what: str) -> Act:
        return cls(operation, key.id, key.name, key.environment, key.tenant, what)


class Unapproved(Exception):
    """Ends the transaction of an act that nobody has approved; the request for it is stored in one of its own."""

    def __init__(self, act: Act) -> None:
        super().__init__("this takes a second operator's approval")
        self.act = act


def use_approval(write: Write, sensitive: bool, act: Act) -> None:
    """Use up the approval of an act on a sensitive key; Unapproved when there is none."""
    use_up(write, approval_of(write, sensitive, act))


def approval_of(write: Write, sensitive: bool, act: Act) -> int | None:
    """The number of the approval that lets an act on a sensitive key through, yet to be used up; None where it takes
    none, Unapproved where there is none.

    Whoever owns the vault's files needs none: they could write one. Nobody knows who has an API key in their hands, so
    none can be approved for: it could be whoever would approve.
    """
    if not sensitive or write.principal.role is Role.LOCAL:
        return None
    if write.principal.role is Role.KEY:
        raise Forbidden(
            f"{act.key_name} is sensitive: to {act.operation} it takes two operators, and an API key is none",
            "ask with an operator's token",
        )
    row = _asked_for(write, act, ApprovalState.APPROVED)
    if row is None:
        raise Unapproved(act)
    return stored_id(row.id)


def use_up(write: Write, approval: int | None) -> None:
    """In the transaction that the act is true with; what it let through is not stopped by its expiry any more."""
    row = None if approval is None else write.session.get_one(ApprovalRow, approval)
    if row is not None:
        row.state = ApprovalState.USED
        write.record(_event("approval.used", row), row.tenant)


def requested(write: Write, unapproved: Unapproved) -> ApprovalNeeded:
    """The error to raise. Asked for again, it is the same request as long as nobody has decided it."""
    act = unapproved.act
    end_those_from_ahead(write.session, write.now)
    row = _asked_for(write, act, ApprovalState.PENDING)
    if row is None:
        row = ApprovalRow(
            operation=act.operation,
            key_id=act.key_id,
            key_name=act.key_name,
            environment=act.environment,
            tenant=act.tenant,
            what=act.what,
            requested_by=write.actor,
            requested_at=write.now,
            expires_at=write.now + LASTS,
            state=ApprovalState.PENDING,
        )
        write.session.add(row)
        write.session.flush()
        write.record(_event("approval.requested", row), row.tenant)
    needs = f"to {act.operation} it takes a second operator, who is asked as #{row.id}"
    return ApprovalNeeded(
        f"{act.key_name} is sensitive: {f'{act.so_far}, and ' if act.so_far else ''}{needs}",
        f"once somebody has run `keytui approvals approve {row.id}`, {act.then} within {_hours()} hours",
        stored_id(row.id),
    )


def end_those_from_ahead(session: Session, now: datetime) -> None:
    """What a clock that was ahead has asked for or approved stays expired when that time comes.

    By a clock that is behind, everybody's would be of one that was ahead.
    """
    if not is_behind(session, now):
        ahead = col(ApprovalRow.expires_at) > latest_expiry(now)
        session.exec(update(ApprovalRow).where(ahead).values(expires_at=now))


def _asked_for(write: Write, act: Act, state: ApprovalState) -> ApprovalRow | None:
    """This person's request for exactly this, in this state and not expired."""
    same = select(ApprovalRow).where(
        ApprovalRow.state == state,
        ApprovalRow.operation == act.operation,
        ApprovalRow.key_id == act.key_id,
        ApprovalRow.key_name == act.key_name,
        ApprovalRow.environment == act.environment,
        ApprovalRow.tenant == act.tenant,
        ApprovalRow.what == act.what,
        col(ApprovalRow.expires_at) > write.now,
        col(ApprovalRow.expires_at) <= latest_expiry(write.now),
    )
    found = write.session.exec(same.order_by(col(ApprovalRow.id))).all()
    return next((row for row in found if person(row.requested_by) == person(write.actor)), None)


def _hours() -> int:
    return int(LASTS.total_seconds() // 3600)


def _event(what: str, row: ApprovalRow) -> Event:
    details = {"approval": str(row.id), "operation": row.operation, "environment": row.environment, "what": row.what}
    return Event(what, row.key_id, row.key_name, details={name: value for name, value in details.items() if value})
