"""Alerts in the vault: listed, acknowledged, and looked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, func, or_, select

from keytui.domain.access import Operation
from keytui.domain.alerts import SHOWN_RESOLVED, Alert, AlertKind, Severity, Signal
from keytui.domain.audit import Event
from keytui.domain.errors import Invalid, KeytuiError, NotFound, Refused
from keytui.vault.local.access.requests import end_those_from_ahead
from keytui.vault.local.alerts.looking import KINDS, Look, Pace, due_looks, give_looks_back, seen, take_looks
from keytui.vault.local.alerts.noting import alert_of, forget_old, most_serious_first, note_signals
from keytui.vault.local.answers import forget_answers, forget_requests
from keytui.vault.local.clock_leaps import time_to_delete_by
from keytui.vault.local.keys.drafts import checked_note
from keytui.vault.local.mapping import stored_id
from keytui.vault.local.section import Section
from keytui.vault.local.tables import AlertRow, NotificationRow
from keytui.vault.local.usage.retaining import roll_up
from keytui.vault.local.webhooks.messaging import drop_messages, forget_old_messages, why_unsent
from keytui.vault.local.webhooks.outbox import alert_message_id

_COUNTED: Final = (Severity.CRITICAL, Severity.WARNING)
_LARGEST_ID: Final = 2**63 - 1
_ROWS: Final = 5_000
"""Rows of usage that age in one transaction: some tens of milliseconds."""
_ROLLED_AT_ONCE: Final = 10
"""Such transactions at one look; what is left waits for the next."""


class Alerting(Section):
    """What wants an eye."""

    def alerts(self, *, resolved: bool = False) -> tuple[Alert, ...]:
        open_ = col(AlertRow.resolved_at).is_(None)
        lately = col(AlertRow.resolved_at) >= self._clock() - SHOWN_RESOLVED
        with self._reading() as session:
            unsent = _unsent(session)
            rows = session.exec(select(AlertRow).where(or_(open_, lately) if resolved else open_)).all()
            return tuple(most_serious_first(alert_of(row, unsent.get(row.id or 0, "")) for row in rows))

    def acknowledge(self, alert_id: int, note: str) -> Alert:
        note = checked_note(note)
        if not note:
            raise Invalid("an acknowledgement needs a note", "say what is done about it")
        with self._writing(Operation.ACKNOWLEDGE) as write:
            row = write.session.get(AlertRow, alert_id) if 0 < alert_id <= _LARGEST_ID else None
            if row is None:
                raise NotFound(f"there is no alert #{alert_id}", "list them: keytui alerts")
            if row.resolved_at is not None:
                raise Refused(f"alert #{alert_id} has resolved by itself", "nothing is left to do")
            if row.acknowledged_at is not None:
                raise Refused(f"{row.acknowledged_by} has acknowledged alert #{alert_id}", f"the note is: {row.note}")
            row.acknowledged_at, row.acknowledged_by, row.note = write.now, write.actor, note
            drop_messages(write.session, alert_message_id(write.session, alert_id))
            # Its subject stays out of the log, which is never erased: it may be somebody's address.
            details = {"alert": str(alert_id), "kind": row.kind, "note": row.note}
            write.record(
                Event("alert.acknowledged", row.key_id, row.key_name, rotation_id=row.rotation_id, details=details)
            )
            return write.answered(alert_of(row))

    def tend(self) -> tuple[Alert, ...]:
        """Whoever asks, the whole vault is looked at; they are told of what is theirs."""
        self._require(Operation.READ)
        looks = self._take_looks()
        if not looks:
            return ()
        now = self._clock()
        try:
            opened = self._look(looks, now)
        except KeytuiError:
            with suppress(KeytuiError), self._ground.database.writing() as session:
                give_looks_back(session, looks)  # or nobody would ever look at the time since the ones before
            raise
        if any(look.pace is Pace.MINUTES for look in looks):
            self._roll_up()
        return self._theirs({stored_id(row.id) for row in opened})

    def _look(self, looks: Sequence[Look], now: datetime) -> Sequence[AlertRow]:
        """The alerts that are opened by what is seen, all written together."""
        found: list[Signal] = []
        for look in looks:
            with self._ground.database.reading() as session:
                found.extend(seen(session, look, self._policies, now))
        kinds: set[AlertKind] = set().union(*(KINDS[look.pace] for look in looks))
        with self._ground.database.writing() as session:
            opened = note_signals(session, kinds, found, now)
            for row in opened:
                self._ground.outbox.post_alert(session, now, alert_of(row))
            end_those_from_ahead(session, now)
            by = time_to_delete_by(session, now)
            forget_old(session, by)
            forget_old_messages(session, by)
            forget_answers(session, by)
            forget_requests(session, by)
            return opened

    def _theirs(self, numbers: Collection[int]) -> tuple[Alert, ...]:
        """Of these alerts, the ones that the principal sees."""
        with self._reading() as session:
            rows = session.exec(select(AlertRow).where(col(AlertRow.id).in_(numbers)))
            return tuple(most_serious_first(alert_of(row) for row in rows))

    def _roll_up(self) -> None:
        """Let old usage age, in several short transactions, so that no recorder waits long for its turn."""
        for _ in range(_ROLLED_AT_ONCE):
            with self._ground.database.writing() as session:
                by = time_to_delete_by(session, self._clock())
                if roll_up(session, self._ground.retention, by, _ROWS) < _ROWS:
                    return

    def _take_looks(self) -> tuple[Look, ...]:
        """The looks that are due and that no other process takes; nothing is written while none is."""
        now = self._clock()
        with self._ground.database.reading() as session:
            if not due_looks(session, now):
                return ()
        with self._ground.database.writing() as session:
            return take_looks(session, now)


def alerts_that_count(session: Session) -> int:
    """Open alerts that want somebody: of some severity, and acknowledged by nobody."""
    found = select(func.count()).select_from(AlertRow)
    open_ = (col(AlertRow.resolved_at).is_(None), col(AlertRow.acknowledged_at).is_(None))
    return session.exec(found.where(*open_, col(AlertRow.severity).in_(_COUNTED))).one()


def _unsent(session: Session) -> Mapping[int, str]:
    """Why alerts could not be sent, while it is still tried."""
    failed = select(NotificationRow).where(col(NotificationRow.sent_at).is_(None), NotificationRow.failure != "")
    reasons: dict[int, list[str]] = defaultdict(list)
    for row in session.exec(failed.order_by(col(NotificationRow.destination))):
        reasons[row.alert_id].append(f"{row.destination}: {row.failure}")
    for message_id, texts in why_unsent(session).items():
        if message_id.startswith("alert-"):
            reasons[int(message_id.rpartition("-")[2])] += texts
    return {alert_id: "; ".join(texts) for alert_id, texts in reasons.items()}
