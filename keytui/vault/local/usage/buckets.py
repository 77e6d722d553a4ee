"""Usage in the vault: who uses a key, and requests by bucket of time. Probes are never among them.

Several sources may have seen the same requests: of each count the highest claim is taken, and none are added.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from keytui.domain.monitor import Counts
from keytui.domain.rotation import Rotation
from keytui.domain.usage import NO_KEY, CallerUse, Usage, UsagePoint
from keytui.vault.local.access.tenancy import own_used_keys
from keytui.vault.local.listing import listed, part
from keytui.vault.local.mapping import caller_of
from keytui.vault.local.rows import key_row
from keytui.vault.local.tables import CallerRow, KeyRow
from keytui.vault.local.usage.counting import Stretch, Version, by_bucket, sums
from keytui.vault.local.usage.grains import floor
from keytui.vault.local.usage.recording import RECORDERS

ACTIVITY_PARTS: Final = 8
"""The last 24 hours of a key, in parts of three."""
_ACTIVITY_BUCKET: Final = timedelta(minutes=30)
_BEFORE_ROTATION: Final = timedelta(hours=1)
_MOST_BUCKETS: Final = 60
_BUCKETS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 1440))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def callers_of(session: Session, key_id: str, versions: Sequence[int] = ()) -> tuple[CallerUse, ...]:
    """Who uses a key (or some versions of it), latest first; of those last seen together by name."""
    found = select(CallerRow).where(CallerRow.key_id == key_id)
    if versions:
        found = found.where(col(CallerRow.version).in_(versions))
    uses = (caller_use(rows) for rows in by_caller(session.exec(found)).values())
    named = sorted(uses, key=lambda use: (use.caller.name, not use.caller.declared, -use.version))
    return tuple(sorted(named, key=lambda use: use.last_seen, reverse=True))


def by_caller(rows: Iterable[CallerRow]) -> dict[tuple[Version, str, bool], list[CallerRow]]:
    """What the sources say of each caller of a version, by its name and whether it declared it; the recorders first."""
    found: dict[tuple[Version, str, bool], list[CallerRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.source != RECORDERS, row.source)):
        found[(row.key_id, row.version), row.name, row.declared].append(row)
    return found


def caller_use(said: Sequence[CallerRow]) -> CallerUse:
    """One caller of a version, over all sources that saw it."""
    gaps = [row.longest_gap for row in said if row.longest_gap is not None]
    return CallerUse(
        caller=caller_of(said[0]),
        version=said[0].version,
        first_seen=min(row.first_seen for row in said),
        last_seen=max(row.last_seen for row in said),
        accepted=max(row.accepted for row in said),
        refused=max(row.refused for row in said),
        longest_gap=max(gaps, default=None),
    )


def usage_of(session: Session, key_id: str | None, since: datetime, until: datetime, limit: int) -> tuple[Usage, ...]:
    """Requests of a key, or of the `limit` busiest keys, since a time: busiest first, every bucket of every version."""
    bucket = bucket_for(until - since)
    over = Stretch(floor(since, bucket), until, bucket)
    names = {key_id: key_row(session, key_id).name} if key_id else _busiest(session, over, limit)
    points = _points(session, list(names), over)
    return tuple(Usage(key, name, since, until, bucket, points[key]) for key, name in names.items())


def pace_of(session: Session, rotation: Rotation, now: datetime) -> tuple[UsagePoint, ...]:
    """Requests per bucket of both versions, since an hour before the rotation began until it ended."""
    since, until = rotation.started_at - _BEFORE_ROTATION, rotation.closed_at or now
    bucket = bucket_for(until - since)
    versions = tuple(number for number in (rotation.old_version, rotation.new_version) if number is not None)
    over = Stretch(floor(since, bucket), until, bucket)
    return _points(session, [rotation.key_id], over, versions)[rotation.key_id]


def activity_of(session: Session, key_ids: Sequence[str], now: datetime) -> dict[str, tuple[int, ...]]:
    """Accepted requests of each key in the last 24 hours, in eight equal parts, oldest first; right to half an hour."""
    start, part = now - timedelta(hours=24), timedelta(hours=24) / ACTIVITY_PARTS
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * ACTIVITY_PARTS)
    for (key_id, _), buckets in by_bucket(session, Stretch(start, now, _ACTIVITY_BUCKET), key_ids).items():
        for at, counted in buckets.items():
            counts[key_id][min(max((at - start) // part, 0), ACTIVITY_PARTS - 1)] += counted.accepted
    return {key_id: tuple(parts) for key_id, parts in counts.items()}


def bucket_for(window: timedelta) -> timedelta:
    """The smallest bucket that cuts a window into sixty or fewer; whole days for the longest."""
    longest = _BUCKETS[-1]
    fitting = next((bucket for bucket in _BUCKETS if window <= bucket * _MOST_BUCKETS), None)
    return fitting or longest * -(-window // (longest * _MOST_BUCKETS))


def by_key(versions: Iterable[tuple[Version, Counts]]) -> dict[str, Counts]:
    """What each key had; what belongs to none is left out."""
    keys: dict[str, Counts] = {}
    for (key_id, _), counts in versions:
        if key_id != NO_KEY:
            keys[key_id] = keys.get(key_id, Counts()) + counts
    return keys


def one_of(stored: str, wanted: Iterable[str]) -> ColumnElement[bool]:
    """Whether a column is one of these texts, however many they are."""
    given = listed([(each,) for each in wanted])
    return col(stored).in_(select(part(given, 0, str)))


def names_of(session: Session, key_ids: Iterable[str]) -> dict[str, str]:
    """The names of keys by their ids, in the same order; a recorder's word of a key that is not here is passed over."""
    wanted = list(key_ids)
    names = dict(session.exec(select(KeyRow.id, KeyRow.name).where(one_of(KeyRow.id, wanted))).all())
    return {key_id: names[key_id] for key_id in wanted if key_id in names}


def _busiest(session: Session, over: Stretch, limit: int) -> dict[str, str]:
    versions, _ = sums(session, over, own_used_keys(session)).merged()
    keys = by_key(versions.items())
    names = names_of(session, heapq.nsmallest(limit, keys, key=lambda key_id: -keys[key_id].requests))
    return dict(sorted(names.items(), key=lambda key: (-keys[key[0]].requests, key[1])))


def _points(
    session: Session, key_ids: Sequence[str], over: Stretch, versions: Sequence[int] = ()
) -> dict[str, tuple[UsagePoint, ...]]:
    """A point for every bucket of every version, the empty ones too, so that a pause in the requests shows as one."""
    counted = by_bucket(session, over, key_ids)
    found: dict[str, tuple[UsagePoint, ...]] = {}
    for key_id in key_ids:
        buckets = {version: counted[of_key, version] for of_key, version in counted if of_key == key_id}
        found[key_id] = tuple(
            UsagePoint(at, version, counts.accepted, counts.refused)
            for number in range((over.until - over.since) // over.bucket + 1)
            for at in (over.since + over.bucket * number,)
            for version in versions or sorted(buckets)
            for counts in (buckets.get(version, {}).get(at, Counts()),)
        )
    return found
