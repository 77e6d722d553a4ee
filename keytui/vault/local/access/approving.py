"""Approvals: a second operator's word before something is done to a sensitive key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, or_, select

from keytui.domain.access import Operation
from keytui.domain.approvals import Approval, ApprovalState
from keytui.domain.audit import Event
from keytui.domain.errors import Forbidden, NotFound, Refused
from keytui.domain.operators import person
from keytui.vault.local.access.mapping import approval_of
from keytui.vault.local.keys.drafts import checked_note
from keytui.vault.local.section import Section
from keytui.vault.local.tables import ApprovalRow, OperatorRow

SHOWN_DECIDED: Final = timedelta(days=30)
_LARGEST_ID: Final = 2**63 - 1


class Approving(Section):
    """What waits for a second operator."""

    def approvals(self, *, decided: bool = False) -> tuple[Approval, ...]:
        now = self._clock()
        waiting = (col(ApprovalRow.state) == ApprovalState.PENDING) & (col(ApprovalRow.expires_at) > now)
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
            if decision is ApprovalState.APPROVED and self._is_own(write.session, row):
                raise Forbidden(
                    f"request #{approval_id} is your own, and approving takes somebody else",
                    "ask an operator whose token you did not make",
                )
            row.state, row.decided_by, row.decided_at, row.note = decision, write.actor, write.now, note
            write.record(_event(f"approval.{decision}", row, note), row.tenant)
            return write.answered(approval_of(row, write.now))

    def _is_own(self, session: Session, row: ApprovalRow) -> bool:
        """Whether whoever asked decides: by any token of theirs, or by one that they had made for it."""
        return person(row.requested_by) in _behind(session, self._ground.principal.actor.name)


def waiting_approvals(session: Session, now: datetime) -> int:
    """Requests that wait for an answer."""
    waiting = select(ApprovalRow.id).where(
        ApprovalRow.state == ApprovalState.PENDING, col(ApprovalRow.expires_at) > now
    )
    return len(session.exec(waiting).all())


def _refuse_decided(row: ApprovalRow, now: datetime) -> None:
    approval = approval_of(row, now)
    if approval.state is ApprovalState.EXPIRED:
        raise Refused(f"request #{row.id} has expired", "whoever wants it asks again by doing it again")
    if approval.state is not ApprovalState.PENDING:
        raise Refused(f"request #{row.id} is {approval.state} already, by {row.decided_by}", "nothing is left to do")


def _behind(session: Session, name: str) -> set[str]:
    """The person of a token, whoever made that token, whoever made the maker's, and so on."""
    people: set[str] = set()
    ahead = {person(name)}
    while ahead:
        people |= ahead
        ahead = set(_makers(session, ahead)) - people
    return people


def _makers(session: Session, people: Iterable[str]) -> Iterator[str]:
    for name in people:
        theirs = or_(col(OperatorRow.name) == name, col(OperatorRow.name).startswith(f"{name}@", autoescape=True))
        yield from map(person, session.exec(select(OperatorRow.created_by).where(theirs)))


def _event(what: str, row: ApprovalRow, note: str) -> Event:
    told = {"approval": str(row.id), "operation": row.operation, "what": row.what, "by": row.requested_by, "note": note}
    return Event(what, row.key_id, row.key_name, details={name: value for name, value in told.items() if value})
