"""Who was told of which alert: claimed by one process at a time, tried again after a failure, told once."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from keytui.domain.access import Operation
from keytui.domain.alerts import CLAIMED_FOR, TOLD_RESOLVED, Attempt, Notification, Severity, pause_after
from keytui.vault.local.alerts.noting import alert_of
from keytui.vault.local.section import Section
from keytui.vault.local.tables import AlertRow, NotificationRow
from keytui.vault.local.webhooks.outbox import alert_message_id


class Notifying(Section):
    """Alerts on their way out. What happens outside happens between two transactions: a claim and its end."""

    def claim_notification(self, destination: str, severities: Sequence[Severity]) -> Notification | None:
        with self._reading(Operation.NOTIFY) as session:
            if self._next(session, destination, severities) is None:
                return None
        with self._ground.database.writing() as session:
            row = self._next(session, destination, severities)
            if row is None or row.id is None:
                return None
            claim = session.get(NotificationRow, (row.id, destination))
            claim = claim or NotificationRow(alert_id=row.id, destination=destination)
            claim.claimed_at = self._clock()
            session.add(claim)
            return Notification(alert_message_id(session, row.id), destination, alert_of(row))

    def note_attempt(self, notification: Notification, attempt: Attempt) -> None:
        self._require(Operation.NOTIFY)
        now, repeatable = self._clock(), self._ground.repeatable
        with self._ground.database.writing() as session:
            if repeatable is not None:
                repeatable.refuse_repeat(session, now)
            row = session.get(NotificationRow, (notification.alert.id, notification.destination))
            if row is None or row.sent_at is not None:
                return
            row.attempts += 1
            row.claimed_at = None
            row.failure = attempt.failure
            if attempt.failure:
                row.next_at = now + pause_after(row.attempts)
            else:
                row.sent_at = now
            if repeatable is not None:
                repeatable.keep(session, None, str(notification.alert.id), now, self._randomness)

    def _next(self, session: Session, destination: str, severities: Sequence[Severity]) -> AlertRow | None:
        """The oldest alert that the destination is to be told of now."""
        told = and_(col(NotificationRow.alert_id) == AlertRow.id, col(NotificationRow.destination) == destination)
        found = select(AlertRow).join(NotificationRow, told, isouter=True).where(self._wanted(severities))
        return session.exec(found.where(self._may_be_tried()).order_by(col(AlertRow.id)).limit(1)).first()

    def _wanted(self, severities: Sequence[Severity]) -> ColumnElement[bool]:
        """Alerts that somebody should be told of: who has acknowledged one knows of it."""
        lately = col(AlertRow.resolved_at) >= self._clock() - TOLD_RESOLVED
        return and_(
            or_(col(AlertRow.resolved_at).is_(None), lately),
            col(AlertRow.acknowledged_at).is_(None),
            col(AlertRow.severity).in_(severities),
        )

    def _may_be_tried(self) -> ColumnElement[bool]:
        now = self._clock()
        claimed, next_at = col(NotificationRow.claimed_at), col(NotificationRow.next_at)
        left = and_(claimed.is_(None), or_(next_at.is_(None), next_at <= now))
        never = col(NotificationRow.alert_id).is_(None)
        return or_(never, and_(col(NotificationRow.sent_at).is_(None), or_(left, claimed <= now - CLAIMED_FOR)))
