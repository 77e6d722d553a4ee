"""The evidence for a verdict: what the recorders saw of both versions, and what they cannot vouch for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from keytui.domain.policy import Policy
from keytui.domain.rotation import Rotation
from keytui.domain.usage import OTHER_CALLERS
from keytui.domain.verdict import CallerEvidence, Evidence, Question, Refusals, Sighting
from keytui.vault.local.coverage import gaps, source
from keytui.vault.local.mapping import caller_of
from keytui.vault.local.recording import RECORDERS
from keytui.vault.local.rows import key_row, version_row
from keytui.vault.local.tables import CallerRow, CallerUsageRow, DeliveryRow, SeriesRow, UsageRow

_COMPARED: Final = timedelta(hours=24)
"""How far before the change rates are measured."""
_AT_LEAST: Final = timedelta(hours=1)
"""The shortest time that a rate is taken over: a few requests at once are no rate."""
_HOUR: Final = timedelta(hours=1)
_CallerKey = tuple[str, bool]
"""A caller's name, and whether it declared it."""


def gather_evidence(
    session: Session, rotation: Rotation, question: Question, policy: Policy, now: datetime
) -> Evidence:
    """All that the vault knows for the verdict on a rotation's old version."""
    handed_over = _handed_over(rotation)
    since = handed_over if question is Question.RETIRE else rotation.suspended_at or now
    reporting = source(session, now)
    name = reporting.name if reporting else "recorder"
    rows = _caller_rows(session, rotation.key_id)
    recent = _accepted_between(session, rotation.key_id, handed_over - _COMPARED, handed_over)
    return Evidence(
        question=question,
        now=now,
        since=since,
        policy=policy,
        sources=(reporting,) if reporting else (),
        gaps=tuple(gaps(session, now)),
        callers=tuple(_callers(rotation, rows, recent, name, now)),
        refusals=(_refusals(session, rotation.key_id, name, since, now),) if reporting else (),
        refused_on_old=_refused_on_old(session, rotation, since) if question is Question.COMPLETE else 0,
        declared_consumers=key_row(session, rotation.key_id).apps,
        overflowed_callers=sum(
            row.accepted for row in rows if row.version == rotation.old_version and _is_overflow(row)
        ),
        new_proven=_new_proven(session, rotation),
        waivers=rotation.waivers,
    )


def _caller_rows(session: Session, key_id: str) -> Sequence[CallerRow]:
    """Everyone who ever had a request accepted with the key, in the order of their coming."""
    found = select(CallerRow).where(CallerRow.key_id == key_id, CallerRow.source == RECORDERS, CallerRow.accepted > 0)
    return session.exec(found.order_by(col(CallerRow.first_seen))).all()


def _is_overflow(row: CallerRow) -> bool:
    return (row.name, row.declared) == (OTHER_CALLERS.name, OTHER_CALLERS.declared)


def _callers(
    rotation: Rotation, rows: Sequence[CallerRow], recent: Mapping[_CallerKey, int], source_name: str, now: datetime
) -> Iterator[CallerEvidence]:
    """Those of either version; `recent` are each one's accepted requests of the day before the hand-over."""
    by_caller: dict[_CallerKey, list[CallerRow]] = defaultdict(list)
    for row in rows:
        by_caller[row.name, row.declared].append(row)
    for caller, history in by_caller.items():
        versions = {row.version: row for row in history}
        old, new = versions.get(rotation.old_version), versions.get(rotation.new_version or 0)
        if old is not None or new is not None:
            yield CallerEvidence(
                caller=caller_of(history[0]),
                source=source_name,
                old=_sighting(old),
                new=_sighting(new),
                longest_gap=_longest_gap(history),
                former_rate=_former_rate(old, recent.get(caller, 0), history[0].first_seen, _handed_over(rotation)),
                new_rate=_per_hour(new.accepted, now - new.first_seen) if new else 0.0,
            )


def _handed_over(rotation: Rotation) -> datetime:
    return rotation.delivered_at or rotation.started_at


def _sighting(row: CallerRow | None) -> Sighting | None:
    if row is None:
        return None
    return Sighting(row.first_seen, row.last_accepted_at or row.last_seen, row.accepted)


def _longest_gap(history: Sequence[CallerRow]) -> timedelta | None:
    """Over all versions, and between leaving one and coming back with another; None for a single request."""
    within = [row.longest_gap for row in history if row.longest_gap is not None]
    between = [later.first_seen - (row.last_accepted_at or row.last_seen) for row, later in pairwise(history)]
    return max(*within, *between, timedelta()) if within or between else None


def _former_rate(old: CallerRow | None, recent: int, first_seen: datetime, handed_over: datetime) -> float:
    """Requests per hour over the last day before the hand-over; for one that comes more rarely, over all its time."""
    if recent:
        return _per_hour(recent, min(_COMPARED, handed_over - first_seen))
    if old is None:
        return 0.0
    return _per_hour(old.accepted, max(handed_over, old.last_accepted_at or old.last_seen) - old.first_seen)


def _per_hour(count: int, span: timedelta) -> float:
    return count / (max(span, _AT_LEAST) / _HOUR)


def _accepted_between(session: Session, key_id: str, start: datetime, end: datetime) -> dict[_CallerKey, int]:
    """Of an hour that began earlier and reaches into the time, all counts: a rate is rather too high than too low."""
    counted = (
        select(CallerRow.name, CallerRow.declared, func.sum(CallerUsageRow.accepted))
        .join(CallerUsageRow, col(CallerUsageRow.caller) == CallerRow.id)
        .where(CallerRow.key_id == key_id, CallerRow.source == RECORDERS)
        .where(CallerUsageRow.last_at >= start, CallerUsageRow.at < end)
        .group_by(col(CallerRow.name), col(CallerRow.declared))
    )
    return {(caller, declared): count for caller, declared, count in session.exec(counted)}


def _refusals(session: Session, key_id: str, source_name: str, since: datetime, now: datetime) -> Refusals:
    """A minute that the change falls into counts as after it."""
    refused = _refused(key_id).where(UsageRow.at >= since - _COMPARED)
    before = session.exec(refused.where(UsageRow.last_at < since)).one()
    after = session.exec(refused.where(UsageRow.last_at >= since)).one()
    return Refusals(source_name, before / (_COMPARED / _HOUR), _per_hour(after, now - since), after)


def _refused_on_old(session: Session, rotation: Rotation, since: datetime) -> int:
    refused = _refused(rotation.key_id).where(SeriesRow.version == rotation.old_version, UsageRow.last_at >= since)
    return session.exec(refused).one()


def _refused(key_id: str) -> SelectOfScalar[int]:
    """How many requests were refused, probes left out."""
    return (
        select(func.coalesce(func.sum(UsageRow.refused), 0))
        .join(SeriesRow, col(SeriesRow.id) == UsageRow.series)
        .where(SeriesRow.key_id == key_id, SeriesRow.source == RECORDERS, col(SeriesRow.probe).is_(False))
    )


def _new_proven(session: Session, rotation: Rotation) -> bool:
    """Whether the new secret was accepted once, a probe included, or a delivery of this very version was proven."""
    if rotation.new_version is None:
        return False
    accepted = (
        select(UsageRow.at)
        .join(SeriesRow, col(SeriesRow.id) == UsageRow.series)
        .where(SeriesRow.key_id == rotation.key_id, SeriesRow.version == rotation.new_version)
        .where(SeriesRow.source == RECORDERS, UsageRow.accepted > 0)
    )
    if session.exec(accepted.limit(1)).first() is not None:
        return True
    issued_at = version_row(session, rotation.key_id, rotation.new_version).created_at
    proven = select(DeliveryRow.id).where(
        DeliveryRow.rotation_id == rotation.id, DeliveryRow.state == "proven", DeliveryRow.at >= issued_at
    )
    return session.exec(proven.limit(1)).first() is not None
