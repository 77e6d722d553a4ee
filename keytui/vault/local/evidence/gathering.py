"""The evidence for a verdict: what each source saw of both versions, and what it cannot vouch for.

Every source's word stays its own: they see the same requests, so nothing is added over sources.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from keytui.domain.errors import KeytuiError
from keytui.domain.policy import Policy
from keytui.domain.reports import SourceKind
from keytui.domain.rotation import Rotation
from keytui.domain.usage import NO_KEY, OTHER_CALLERS
from keytui.domain.verdict import CallerEvidence, Evidence, Question, Refusals, Sighting, Source
from keytui.vault.local.evidence.coverage import Consulted, consulted
from keytui.vault.local.keys.finding import found_key
from keytui.vault.local.mapping import caller_of
from keytui.vault.local.rows import key_row, version_row
from keytui.vault.local.tables import CallerRow, CallerUsageRow, DeliveryRow, SeriesRow, UsageRow
from keytui.vault.local.usage.recording import RECORDERS

_COMPARED: Final = timedelta(hours=24)
"""How far before the change rates are measured."""
_AT_LEAST: Final = timedelta(hours=1)
"""The shortest time that a rate is taken over: a few requests at once are no rate."""
_HOUR: Final = timedelta(hours=1)
_CallerKey = tuple[str, str, bool]
"""What the vault calls the source, the caller's name, and whether it declared it."""


def gather_evidence(
    session: Session,
    rotation: Rotation,
    question: Question,
    policy: Policy,
    now: datetime,
    *,
    expected: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Evidence:
    """All that the vault knows for the verdict on a rotation's old version.

    `expected` are the sources that should speak, by name, and the keys that each should speak of, as an operator
    types them.
    """
    since = _handed_over(rotation) if question is Question.RETIRE else rotation.suspended_at or now
    asked = consulted(session, rotation.key_id, now)
    names = {each.stored_as: each.source.name for each in asked}
    rows = _caller_rows(session, rotation.key_id)
    return Evidence(
        question=question,
        now=now,
        since=since,
        handed_over=_handed_over(rotation),
        policy=policy,
        sources=tuple(_with_overflow(each, rows, rotation.old_version) for each in asked),
        expected_sources=tuple(
            name for name, keys in expected.items() if any(_means(session, each, rotation) for each in keys)
        ),
        gaps=tuple(gap for each in asked for gap in each.gaps),
        callers=tuple(_callers(session, rotation, rows, names, now)),
        refusals=tuple(
            _refusals(session, rotation, each, since, now)
            for each in asked
            if _counts_refusals(session, rotation.key_id, each)
        ),
        declared_consumers=key_row(session, rotation.key_id).apps,
        new_proven=_new_proven(session, rotation, asked),
        waivers=rotation.waivers,
    )


def _means(session: Session, reference: str, rotation: Rotation) -> bool:
    """Whether an operator means the rotation's key. One that means no key or several is told so when it is asked."""
    try:
        return reference == rotation.key_name or found_key(session, reference).id == rotation.key_id
    except KeytuiError:
        return False


def _caller_rows(session: Session, key_id: str) -> Sequence[CallerRow]:
    """Everyone whom a source ever saw accepted with the key, in the order of their coming."""
    found = select(CallerRow).where(CallerRow.key_id == key_id, CallerRow.accepted > 0)
    return session.exec(found.order_by(col(CallerRow.first_seen))).all()


def _with_overflow(asked: Consulted, rows: Sequence[CallerRow], old_version: int) -> Source:
    further = (
        row.accepted
        for row in rows
        if row.source == asked.stored_as and row.version == old_version and _is_overflow(row)
    )
    return replace(asked.source, overflowed=sum(further))


def _is_overflow(row: CallerRow) -> bool:
    return (row.name, row.declared) == (OTHER_CALLERS.name, OTHER_CALLERS.declared)


def _callers(
    session: Session, rotation: Rotation, rows: Sequence[CallerRow], names: Mapping[str, str], now: datetime
) -> Iterator[CallerEvidence]:
    """Those of either version, each as each source saw it; `names` of sources by what the vault calls them.

    A source that the vault keeps nothing else of keeps its own name, and the verdict finds it missing.
    """
    handed_over = _handed_over(rotation)
    recent = _accepted_between(session, rotation.key_id, handed_over - _COMPARED, handed_over)
    by_caller: dict[_CallerKey, list[CallerRow]] = defaultdict(list)
    for row in rows:
        by_caller[row.source, row.name, row.declared].append(row)
    for caller, history in by_caller.items():
        versions = {row.version: row for row in history}
        old, new = versions.get(rotation.old_version), versions.get(rotation.new_version or 0)
        if old is not None or new is not None:
            yield CallerEvidence(
                caller=caller_of(history[0]),
                source=names.get(history[0].source, history[0].source),
                old=_sighting(old),
                new=_sighting(new),
                longest_gap=_longest_gap(history),
                former_rate=_former_rate(history, old, recent.get(caller, 0), handed_over),
                new_rate=_per_hour(new.accepted, now - new.first_seen) if new else 0.0,
                known_since=history[0].first_seen,
            )


def _handed_over(rotation: Rotation) -> datetime:
    return rotation.delivered_at or rotation.started_at


def _sighting(row: CallerRow | None) -> Sighting | None:
    if row is None:
        return None
    return Sighting(row.first_seen, row.last_accepted_at or row.last_seen, row.accepted, row.recorder)


def _longest_gap(history: Sequence[CallerRow]) -> timedelta | None:
    """Over all versions, and between leaving one and coming back with another; None for a single request."""
    within = [row.longest_gap for row in history if row.longest_gap is not None]
    between = [later.first_seen - (row.last_accepted_at or row.last_seen) for row, later in pairwise(history)]
    return max(*within, *between, timedelta()) if within or between else None


def _former_rate(history: Sequence[CallerRow], old: CallerRow | None, recent: int, handed_over: datetime) -> float:
    """Requests per hour over the last day before the hand-over; for one that comes more rarely, over all its time.

    A weekly job that came on that very day would seem to come daily, and never arrive anywhere.
    """
    steady = 2 * (_longest_gap(history) or timedelta()) <= _COMPARED
    if recent and (steady or old is None):
        return _per_hour(recent, min(_COMPARED, handed_over - history[0].first_seen))
    if old is None:
        return 0.0
    return _per_hour(old.accepted, max(handed_over, old.last_accepted_at or old.last_seen) - old.first_seen)


def _per_hour(count: int, span: timedelta) -> float:
    return count / (max(span, _AT_LEAST) / _HOUR)


def _accepted_between(session: Session, key_id: str, start: datetime, end: datetime) -> dict[_CallerKey, int]:
    """Of an hour that began earlier and reaches into the time, all counts: a rate is rather too high than too low."""
    counted = (
        select(CallerRow.source, CallerRow.name, CallerRow.declared, func.sum(CallerUsageRow.accepted))
        .join(CallerUsageRow, col(CallerUsageRow.caller) == CallerRow.id)
        .where(CallerRow.key_id == key_id, CallerUsageRow.last_at >= start, CallerUsageRow.at < end)
        .group_by(col(CallerRow.source), col(CallerRow.name), col(CallerRow.declared))
    )
    return {(source, caller, declared): count for source, caller, declared, count in session.exec(counted)}


def _counts_refusals(session: Session, key_id: str, asked: Consulted) -> bool:
    """Whether a source would know of a refusal. One that has never told of any may not see them at all."""
    if asked.source.kind in {SourceKind.RECORDER, SourceKind.REFUSALS}:
        return True
    told = (
        select(UsageRow.at)
        .join(SeriesRow, col(SeriesRow.id) == UsageRow.series)
        .where(col(SeriesRow.key_id).in_((key_id, NO_KEY)), SeriesRow.source == asked.stored_as)
        .where(col(SeriesRow.probe).is_(False), UsageRow.refused > 0)
    )
    return session.exec(told.limit(1)).first() is not None


def _refusals(session: Session, rotation: Rotation, asked: Consulted, since: datetime, now: datetime) -> Refusals:
    """A minute that the change falls into counts as after it. A counter of refusals alone knows no keys."""
    key_id = NO_KEY if asked.source.kind is SourceKind.REFUSALS else rotation.key_id
    refused = _refused(key_id, asked.stored_as)
    recent = refused.where(UsageRow.at >= since - _COMPARED)
    before = session.exec(recent.where(UsageRow.last_at < since)).one()
    after = session.exec(refused.where(UsageRow.last_at >= since)).one()
    on_old = refused.where(SeriesRow.version == rotation.old_version, UsageRow.last_at >= since)
    return Refusals(
        asked.source.name,
        before / (_COMPARED / _HOUR),
        _per_hour(after, now - since),
        after,
        session.exec(on_old).one(),
    )


def _refused(key_id: str, stored_as: str) -> SelectOfScalar[int]:
    """How many requests of a key a source saw refused, probes left out."""
    return (
        select(func.coalesce(func.sum(UsageRow.refused), 0))
        .join(SeriesRow, col(SeriesRow.id) == UsageRow.series)
        .where(SeriesRow.key_id == key_id, SeriesRow.source == stored_as, col(SeriesRow.probe).is_(False))
    )


def _new_proven(session: Session, rotation: Rotation, asked: Sequence[Consulted]) -> bool:
    """Whether the new secret was accepted once, a probe included, or a delivery of this very version was proven."""
    if rotation.new_version is None:
        return False
    believed = [each.stored_as for each in asked if each.source.attributable and not each.source.forgeable]
    accepted = (
        select(UsageRow.at)
        .join(SeriesRow, col(SeriesRow.id) == UsageRow.series)
        .where(SeriesRow.key_id == rotation.key_id, SeriesRow.version == rotation.new_version)
        .where(col(SeriesRow.source).in_((RECORDERS, *believed)), UsageRow.accepted > 0)
    )
    if session.exec(accepted.limit(1)).first() is not None:
        return True
    issued_at = version_row(session, rotation.key_id, rotation.new_version).created_at
    proven = select(DeliveryRow.id).where(
        DeliveryRow.rotation_id == rotation.id, DeliveryRow.state == "proven", DeliveryRow.at >= issued_at
    )
    return session.exec(proven.limit(1)).first() is not None
