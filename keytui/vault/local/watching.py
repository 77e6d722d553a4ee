"""How the vault stands, and what moved: the status line and the change feed."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, func, or_, select

from keytui.domain.access import Role
from keytui.vault.local.access.approving import waiting_approvals
from keytui.vault.local.access.tenancy import entries_of
from keytui.vault.local.alerts.alerting import alerts_that_count
from keytui.vault.local.backup.state import unreconciled
from keytui.vault.local.clock_leaps import clock_off
from keytui.vault.local.ledger import position
from keytui.vault.local.sealing.sealing import seal_epoch, seal_state
from keytui.vault.local.section import Section
from keytui.vault.local.tables import AuditRow, RecorderRow, RotationRow
from keytui.vault.model import Changes
from keytui.vault.standing import Standing

POLL_EVERY: Final = 0.1
"""Seconds between looks for a change: two lookups in an index."""
MOST_NAMED: Final = 10_000
"""Changes whose keys are named at a time."""


class Watching(Section):
    """What moves."""

    def standing(self) -> Standing:
        ground = self._ground
        with self._reading() as session:
            waits = ground.ledger.kept_beyond(session) is not None or unreconciled(session) is not None
            return Standing(
                profile=ground.profile.name,
                location=ground.database.where if ground.principal.role is Role.LOCAL else ground.profile.name,
                actor=str(ground.principal.actor),
                role=ground.principal.role,
                tenant=ground.principal.tenant,
                read_only=ground.profile.read_only or waits,
                unreconciled=waits,
                head_says_nothing=ground.ledger.head_says_nothing(),
                armed_until=None if waits else ground.guard.armed_until,
                seal=seal_state(session, ground.held_key),
                seal_epoch=seal_epoch(session),
                open_rotations=_open_rotations(session),
                alerts=alerts_that_count(session),
                approvals=waiting_approvals(session, ground.principal, self._clock()),
                clock_off=clock_off(session, self._clock()),
            )

    def changes(self, after: int, timeout: float) -> Changes:
        deadline = time.monotonic() + timeout
        began = seen = self._seen()
        after = after or began[0]
        while seen[0] <= after and seen[1] == began[1]:
            left = deadline - time.monotonic()
            if left <= 0 or self._ground.closing.wait(min(left, POLL_EVERY)):
                break
            seen = self._seen()
        if seen[0] <= after:
            return Changes(after, (), seen[1])
        with self._reading() as session:
            # Told apart here: for a DISTINCT, SQLite goes through the whole log by its index of keys.
            moved = session.exec(
                select(AuditRow.key_id)
                .where(AuditRow.sequence > after, AuditRow.sequence <= seen[0], AuditRow.key_id != "")
                .where(*entries_of(self._ground.principal.tenant))
                .limit(MOST_NAMED + 1)
            ).all()
        if len(moved) > MOST_NAMED:
            return Changes(seen[0], (), seen[1], everything=True)
        return Changes(seen[0], tuple(dict.fromkeys(moved)), seen[1])

    def _seen(self) -> tuple[int, datetime | None]:
        """The feed's position, and the newest flush of any recorder that can tell of our keys."""
        tenant = self._ground.principal.tenant
        with self._reading() as session:
            return position(session, tenant), newest_flush(session, tenant)


def newest_flush(session: Session, tenant: str | None) -> datetime | None:
    """Of a recorder that knows a tenant's keys; of any with None."""
    newest = select(RecorderRow.last_flush_at).order_by(col(RecorderRow.last_flush_at).desc()).limit(1)
    if tenant is not None:
        newest = newest.where(or_(col(RecorderRow.tenant).is_(None), col(RecorderRow.tenant) == tenant))
    return session.exec(newest).first()


def _open_rotations(session: Session) -> int:
    found = select(func.count()).select_from(RotationRow).where(col(RotationRow.closed_at).is_(None))
    return session.exec(found).one()
