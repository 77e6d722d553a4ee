"""Signals become alerts: opened, seen again, resolved, opened again. In the transaction of the only writer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlmodel import Session, col, delete, select

from keytui.domain.alerts import SAME_AGAIN, SHOWN_RESOLVED, Alert, AlertKind, Severity, Signal, hold_of
from keytui.vault.local.mapping import stored_id
from keytui.vault.local.tables import AlertRow, NotificationRow

_Subject = tuple[str, str]
"""A kind and a subject: what makes two signals the same alert."""


def note_signals(
    session: Session, kinds: Iterable[AlertKind], signals: Iterable[Signal], now: datetime
) -> tuple[AlertRow, ...]:
    """Bring the alerts of the kinds that were looked for up to date with what was seen; those that are new."""
    looked_for = sorted(kinds)
    rows = session.exec(select(AlertRow).where(col(AlertRow.resolved_at).is_(None), col(AlertRow.kind).in_(looked_for)))
    still_open = {(row.kind, row.subject): row for row in rows}
    by_subject: dict[_Subject, Signal] = {(signal.kind, signal.subject): signal for signal in signals}
    new = [signal for subject, signal in by_subject.items() if subject not in still_open]
    again = _again(session, new, now)
    risen = []
    for subject, row in {**still_open, **again}.items():
        signal = by_subject.get(subject)
        if signal is None:
            if now - row.seen_at >= hold_of(AlertKind(row.kind)):
                row.resolved_at = now
        elif _more_serious(signal, row):  # who acknowledged the lesser one has not seen this
            row.resolved_at = now
            risen.append(signal)
        else:
            _see(row, signal, now)
    session.flush()
    unknown = [signal for signal in new if (signal.kind, signal.subject) not in again]
    opened = [_row(signal, now) for signal in (*unknown, *risen)]
    session.add_all(opened)
    session.flush()
    return tuple(opened)


def _again(session: Session, signals: Iterable[Signal], now: datetime) -> dict[_Subject, AlertRow]:
    """Of signals without an open alert, the alerts that resolved so lately that they go on: they are open again."""
    wanted = {(str(signal.kind), signal.subject) for signal in signals}
    if not wanted:
        return {}
    lately = select(AlertRow).where(col(AlertRow.resolved_at) >= now - SAME_AGAIN).order_by(col(AlertRow.id))
    found = {(row.kind, row.subject): row for row in session.exec(lately) if (row.kind, row.subject) in wanted}
    for row in found.values():
        row.resolved_at = None
    return found


def _more_serious(signal: Signal, row: AlertRow) -> bool:
    most_first = tuple(Severity)
    return most_first.index(signal.severity) < most_first.index(Severity(row.severity))


def _see(row: AlertRow, signal: Signal, now: datetime) -> None:
    row.severity, row.detail, row.count = signal.severity, signal.detail, signal.count
    row.key_name, row.seen_at = signal.key_name, now


def _row(signal: Signal, now: datetime) -> AlertRow:
    return AlertRow(
        kind=signal.kind,
        subject=signal.subject,
        severity=signal.severity,
        detail=signal.detail,
        key_id=signal.key_id,
        key_name=signal.key_name,
        rotation_id=signal.rotation_id,
        count=signal.count,
        opened_at=now,
        seen_at=now,
    )


def forget_old(session: Session, now: datetime) -> None:
    """Delete alerts that resolved so long ago that nobody lists them any more."""
    old = select(AlertRow.id).where(col(AlertRow.resolved_at) < now - SHOWN_RESOLVED)
    session.connection().execute(delete(NotificationRow).where(col(NotificationRow.alert_id).in_(old)))
    session.connection().execute(delete(AlertRow).where(col(AlertRow.resolved_at) < now - SHOWN_RESOLVED))


def alert_of(row: AlertRow, unsent: str = "") -> Alert:
    """The alert as the domain knows it."""
    signal = Signal(
        AlertKind(row.kind),
        row.subject,
        Severity(row.severity),
        row.detail,
        row.key_id,
        row.key_name,
        row.rotation_id,
        row.count,
    )
    return Alert(
        stored_id(row.id),
        signal,
        row.opened_at,
        row.seen_at,
        row.acknowledged_at,
        row.acknowledged_by,
        row.note,
        row.resolved_at,
        unsent,
    )


def most_serious_first(alerts: Iterable[Alert]) -> Iterator[Alert]:
    """The open ones first, of these the most serious, then the newest."""
    severities = tuple(Severity)

    def rank(alert: Alert) -> tuple[bool, int, float, int]:
        newest = -(alert.opened_at if alert.open else alert.resolved_at or alert.opened_at).timestamp()
        return not alert.open, severities.index(alert.signal.severity) if alert.open else 0, newest, -alert.id

    return iter(sorted(alerts, key=rank))
