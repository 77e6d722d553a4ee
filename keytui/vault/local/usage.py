"""Usage in the vault: who uses a key, and requests by bucket of time. Probes are never among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, type_coerce
from sqlmodel import Session, col, func, select

from keytui.domain.rotation import Rotation
from keytui.domain.usage import CallerUse, Usage, UsagePoint
from keytui.vault.local.grains import floor
from keytui.vault.local.mapping import caller_of
from keytui.vault.local.recording import RECORDERS
from keytui.vault.local.rows import key_row
from keytui.vault.local.tables import CallerRow, KeyRow, SeriesRow, UsageRow

ACTIVITY_PARTS: Final = 8
"""The last 24 hours of a key, in parts of three."""
_BEFORE_ROTATION: Final = timedelta(hours=1)
_MOST_BUCKETS: Final = 60
_BUCKETS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 1440))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_REAL: Final = (col(SeriesRow.source) == RECORDERS, col(SeriesRow.probe).is_(False))


def callers_of(session: Session, key_id: str, versions: Sequence[int] = ()) -> tuple[CallerUse, ...]:
    """Who uses a key (or some versions of it), latest first."""
    seen = select(CallerRow).where(CallerRow.key_id == key_id, CallerRow.source == RECORDERS)
    found = seen.order_by(col(CallerRow.last_seen).desc())
    if versions:
        found = found.where(col(CallerRow.version).in_(versions))
    return tuple(
        CallerUse(
            caller_of(row), row.version, row.first_seen, row.last_seen, row.accepted, row.refused, row.longest_gap
        )
        for row in session.exec(found)
    )


def usage_of(session: Session, key_id: str | None, since: datetime, until: datetime, limit: int) -> tuple[Usage, ...]:
    """Requests of a key, or of the `limit` busiest keys, since a time: busiest first, every bucket of every version."""
    bucket = bucket_for(until - since)
    names = {key_id: key_row(session, key_id).name} if key_id else _busiest(session, since, limit)
    return tuple(
        Usage(key, name, since, until, bucket, _points(session, key, since, until)) for key, name in names.items()
    )


def pace_of(session: Session, rotation: Rotation, now: datetime) -> tuple[UsagePoint, ...]:
    """Requests per bucket of both versions, since an hour before the rotation began until it ended."""
    since, until = rotation.started_at - _BEFORE_ROTATION, rotation.closed_at or now
    versions = tuple(number for number in (rotation.old_version, rotation.new_version) if number is not None)
    return _points(session, rotation.key_id, since, until, versions)


def activity_of(session: Session, key_ids: Sequence[str], now: datetime) -> dict[str, tuple[int, ...]]:
    """Accepted requests of each key in the last 24 hours, in eight equal parts, oldest first."""
    start, part = now - timedelta(hours=24), timedelta(hours=24) / ACTIVITY_PARTS
    number = _bucket_number(start, part)
    rows = (
        select(SeriesRow.key_id, number, func.sum(UsageRow.accepted))
        .join(UsageRow, col(UsageRow.series) == SeriesRow.id)
        .where(col(SeriesRow.key_id).in_(key_ids), *_REAL, UsageRow.at >= start)
        .group_by(col(SeriesRow.key_id), number)
    )
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * ACTIVITY_PARTS)
    for key_id, part_number, accepted in session.exec(rows):
        counts[key_id][min(part_number, ACTIVITY_PARTS - 1)] += accepted
    return {key_id: tuple(parts) for key_id, parts in counts.items()}


def bucket_for(window: timedelta) -> timedelta:
    """The smallest bucket that cuts a window into sixty or fewer; a day for the longest."""
    return next((bucket for bucket in _BUCKETS if window <= bucket * _MOST_BUCKETS), _BUCKETS[-1])


def _busiest(session: Session, since: datetime, limit: int) -> dict[str, str]:
    requests = func.sum(UsageRow.accepted + UsageRow.refused)
    found = (
        select(KeyRow.id, KeyRow.name)
        .join(SeriesRow, col(SeriesRow.key_id) == KeyRow.id)
        .join(UsageRow, col(UsageRow.series) == SeriesRow.id)
        .where(*_REAL, UsageRow.at >= since)
        .group_by(col(KeyRow.id))
        .order_by(requests.desc(), col(KeyRow.name))
        .limit(limit)
    )
    return dict(session.exec(found).all())


def _bucket_number(start: datetime, bucket: timedelta) -> ColumnElement[int]:
    """In which bucket after `start` a row lies, worked out where the rows are."""
    offset = type_coerce(UsageRow.at, BigInteger) - (start - _EPOCH) // _MICROSECOND
    return offset // (bucket // _MICROSECOND)


def _points(
    session: Session, key_id: str, since: datetime, until: datetime, versions: Sequence[int] = ()
) -> tuple[UsagePoint, ...]:
    """A point for every bucket of every version, the empty ones too, so that a pause in the requests shows as one."""
    bucket = bucket_for(until - since)
    start = floor(since, bucket)
    number = _bucket_number(start, bucket)
    rows = session.exec(
        select(SeriesRow.version, number, func.sum(UsageRow.accepted), func.sum(UsageRow.refused))
        .join(UsageRow, col(UsageRow.series) == SeriesRow.id)
        .where(SeriesRow.key_id == key_id, *_REAL, UsageRow.at >= start)
        .group_by(col(SeriesRow.version), number)
    )
    counts = {(version, which): (accepted, refused) for version, which, accepted, refused in rows}
    return tuple(
        UsagePoint(start + bucket * which, version, *counts.get((version, which), (0, 0)))
        for which in range((until - start) // bucket + 1)
        for version in versions or sorted({version for version, _ in counts})
    )
