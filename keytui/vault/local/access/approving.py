"""Approvals: a second operator's word before something is done to a sensitive key."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from keytui.domain.access import Operation, Principal
from keytui.domain.approvals import Approval, ApprovalState, latest_expiry
from keytui.domain.audit import Event
from keytui.domain.errors import Forbidden, NotFound, Refused
from keytui.domain.operators import person
from keytui.vault.local.access.mapping import approval_of
from keytui.vault.local.access.tenancy import unbound
from keytui.vault.local.keys.drafts import checked_note
from keytui.vault.local.section import Section
from keytui.vault.local.tables import ApprovalRow, OperatorRow

SHOWN_DECIDED: Final = timedelta(days=30)
_LARGEST_ID: Final = 2**63 - 1


class Approving(Section):
    """What waits for a second operator."""

    def approvals(self, *, decided: bool = False) -> tuple[Approval, ...]:
        now = self._clock()
        waiting = and_(*_waiting(now))
        lately = col(ApprovalRow.requested_at) >= now - SHOWN_DECIDED
        with self._reading() as session:
            found = select(ApprovalRow).where(or_(waiting, lately) if decided else waiting)
            rows = session.exec(found.order_by(col(ApprovalRow.requested_at), col(ApprovalRow.id)))
            return tuple(approval_of(row, now) for row in rows)

    def approve(self, approval_id: int, note: str) -> Approval:
        return self._decide(approval_id, ApprovalState.APPROVED, note)

    def deny(self, approval_id: int, note: str) -> Approval:
        return self._decide(approval_id, ApprovalState.DENIED, note)

    def _decide(self, approval_id: int, decision: ApprovalState, note: str) -> Approval:
        note = checked_note(note)
        with self._writing(Operation.APPROVE) as write:
            row = write.session.get(ApprovalRow, approval_id) if 0 < approval_id <= _LARGEST_ID else None
            if row is None:
                raise NotFound(f"there is no request for approval #{approval_id}", "list them: keytui approvals")
            _refuse_decided(row, write.now)
            if decision is ApprovalState.APPROVED and _is_own(write.session, write.actor, row):
                raise Forbidden(
                    f"request #{approval_id} is your own, and approving takes somebody else",
                    _who_else(write.actor, row),
                )
            row.state, row.decided_by, row.decided_at, row.note = decision, write.actor, write.now, note
            write.record(_event(f"approval.{decision}", row, note), row.tenant)
            return write.answered(approval_of(row, write.now))


def waiting_approvals(session: Session, principal: Principal, now: datetime) -> int:
    """Requests that wait for an answer which this principal may give."""
    if not principal.may(Operation.APPROVE):
        return 0
    waiting = select(ApprovalRow).where(*_waiting(now))
    asked: dict[tuple[str, str], list[ApprovalRow]] = defaultdict(list)
    for row in session.exec(waiting):
        asked[row.requested_by, row.tenant].append(row)
    actor = str(principal.actor)
    return sum(len(rows) for rows in asked.values() if not _is_own(session, actor, rows[0]))


def _waiting(now: datetime) -> tuple[ColumnElement[bool], ...]:
    expires_at = col(ApprovalRow.expires_at)
    return col(ApprovalRow.state) == ApprovalState.PENDING, expires_at > now, expires_at <= latest_expiry(now)


def _is_own(session: Session, actor: str, row: ApprovalRow) -> bool:
    """Whether one person would be on both sides: by any token of theirs, or by those that they had made."""
    with unbound(session):  # whoever made a tenant's admin is often not of the tenant
        asked = _behind(session, row.requested_by, row.tenant)
        return bool(asked & _behind(session, actor, row.tenant))


def _who_else(actor: str, row: ApprovalRow) -> str:
    if person(actor) != person(row.requested_by):
        return "ask an operator who has no token of yours, and whose token nobody made who made yours"
    return (
        f"ask somebody who is not called {person(actor)}: on the host and before an @, one name is one person,"
        " so two people need two names (keytui operators add)"
    )


def _refuse_decided(row: ApprovalRow, now: datetime) -> None:
    approval = approval_of(row, now)
    if approval.state is ApprovalState.EXPIRED:
        raise Refused(f"request #{row.id} has expired", "whoever wants it asks again by doing it again")
    if approval.state is not ApprovalState.PENDING:
        raise Refused(f"request #{row.id} is {approval.state} already, by {row.decided_by}", "nothing is left to do")


def _behind(session: Session, actor: str, tenant: str) -> set[str]:
    """The person of a token, the operator who made that token, who made the maker's, and so on.

    Makers who are no operators are left out: that is the vault's owner, who would be behind everybody.
    """
    people: set[str] = set()
    ahead = {person(actor)}
    while ahead:
        name = ahead.pop()
        makers = _makers(session, name, tenant)
        if makers and name not in people:
            people.add(name)
            ahead |= makers
    return people | {person(actor)}


def _makers(session: Session, name: str, tenant: str) -> set[str]:
    """Who made the tokens of a person, revoked ones too; nobody, when that is no operator who could decide here."""
    theirs = or_(col(OperatorRow.name) == name, col(OperatorRow.name).startswith(f"{name}@", autoescape=True))
    here = or_(col(OperatorRow.tenant) == tenant, col(OperatorRow.tenant).is_(None))
    return set(map(person, session.exec(select(OperatorRow.created_by).where(theirs, here))))


def _event(what: str, row: ApprovalRow, note: str) -> Event:
    told = {"approval": str(row.id), "operation": row.operation, "what": row.what, "by": row.requested_by, "note": note}
    return Event(what, row.key_id, row.key_name, details={name: value for name, value in told.items() if value})
