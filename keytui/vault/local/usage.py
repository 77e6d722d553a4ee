"""Usage in the vault: callers, requests by bucket, and the evidence for a verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from keytui.domain.policy import Policy
from keytui.domain.rotation import Rotation
from keytui.domain.usage import Caller, CallerUse, Usage, UsagePoint
from keytui.domain.verdict import Evidence, Question
from keytui.vault.local.tables import CallerRow, UsageRow


def callers_of(session: Session, key_id: str, versions: Sequence[int] = ()) -> tuple[CallerUse, ...]:
    """Who uses a key (or some versions of it), latest first."""
    found = select(CallerRow).where(CallerRow.key_id == key_id).order_by(col(CallerRow.last_seen).desc())
    if versions:
        found = found.where(col(CallerRow.version).in_(versions))
    return tuple(
        CallerUse(
            Caller(row.name, row.declared, row.address, row.agent),
            row.version,
            row.first_seen,
            row.last_seen,
            row.accepted,
            row.refused,
            row.longest_gap,
        )
        for row in session.exec(found)
    )


def usage_of(session: Session, key_id: str | None, since: datetime, until: datetime, limit: int) -> tuple[Usage, ...]:
    """Requests of a key, or of the `limit` busiest keys, since a time."""
    return ()


def activity_of(session: Session, key_ids: Sequence[str], now: datetime) -> dict[str, tuple[int, ...]]:
    """Accepted requests of each key in the last 24 hours, in 24 equal parts, oldest first."""
    start, hour = now - timedelta(hours=24), timedelta(hours=1)
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * 24)
    rows = (
        select(UsageRow.key_id, UsageRow.minute, func.sum(UsageRow.accepted))
        .where(col(UsageRow.key_id).in_(key_ids), UsageRow.minute >= start, col(UsageRow.probe).is_(False))
        .group_by(col(UsageRow.key_id), col(UsageRow.minute))
    )
    for key_id, minute, accepted in session.exec(rows):
        counts[key_id][min((minute - start) // hour, 23)] += accepted
    return {key_id: tuple(parts) for key_id, parts in counts.items()}


def pace_of(session: Session, rotation: Rotation, now: datetime) -> tuple[UsagePoint, ...]:
    """Requests per bucket of both versions since shortly before the rotation began."""
    return ()


def gather_evidence(
    session: Session, rotation: Rotation, question: Question, policy: Policy, now: datetime
) -> Evidence:
    """All that the vault knows for the verdict."""
    return Evidence(question, now, rotation.delivered_at or now, policy)
