"""The monitor: who uses what right now and over a range, in a few statements however many keys there are."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, column, text
from sqlmodel import Session, col, select

from keytui.domain.alerts import Alert
from keytui.domain.monitor import (
    MINUTE,
    CallerTraffic,
    Counts,
    KeyTraffic,
    Monitor,
    Point,
    Rate,
    RotationTraffic,
    VersionUse,
    busiest,
    rate,
)
from keytui.domain.ranges import RANGES, Range, range_of
from keytui.domain.usage import Caller
from keytui.vault.local.access.tenancy import own_used_keys
from keytui.vault.local.alerts.noting import alert_of, most_serious_first
from keytui.vault.local.columns import Span, UtcTime
from keytui.vault.local.rows import key_row, stored_rotation
from keytui.vault.local.section import Section
from keytui.vault.local.tables import AlertRow, CallerRow, KeyRow, RotationRow, SourceRow
from keytui.vault.local.usage.buckets import by_key, one_of
from keytui.vault.local.usage.caller_rates import caller_traffic, refused_from, unmoved
from keytui.vault.local.usage.counting import Claims, Stretch, Version, by_bucket, by_minute, claims, of_source, sums
from keytui.vault.local.usage.grains import floor
from keytui.vault.local.usage.history import History
from keytui.vault.local.usage.recording import RECORDERS

_DAY: Final = range_of(timedelta(hours=24))
_HOUR: Final = timedelta(hours=1)


class Monitoring(Section):
    """What the Usage mode, `top`, `usage` and `callers` show."""

    @property
    def _history(self) -> History:
        return self._ground.histories.of(self._ground.principal.tenant)

    def monitor(self, over: Range, limit: int, key_id: str | None = None) -> Monitor:
        over = self._kept(over)
        with self._reading() as session:
            if key_id is not None:
                key_row(session, key_id)
            keys = own_used_keys(session) if key_id is None else [key_id]
            look = _Look(session, over, self._clock(), limit, key_id, keys)
            versions, buckets = self._claims(look).merged()
            rates = _rates(look)
            alerts = _open_alerts(look)
            return Monitor(
                as_of=look.now,
                range=over,
                points=_points(look, _pulsed(look, buckets) if look.pulsed else buckets),
                per_second=sum(each.accepted for each in rates.values()),
                refused_per_second=sum(each.refused for each in rates.values()),
                keys=self._keys(look, versions, rates, alerts),
                total_keys=sum(counts.requests > 0 for counts in by_key(versions.items()).values()),
                rotations=_rotations(look, rates),
                refused_from=refused_from(session, over.start(look.now), limit, keys),
                alerts=alerts,
            )

    def caller_traffic(self, key_id: str) -> tuple[CallerTraffic, ...]:
        with self._reading() as session:
            found = select(CallerRow).where(CallerRow.key_id == key_row(session, key_id).id)
            return caller_traffic(session, session.exec(found), self._clock())

    def caller_keys(self, caller: Caller) -> tuple[CallerTraffic, ...]:
        with self._reading() as session:
            found = select(CallerRow).where(CallerRow.name == caller.name, CallerRow.declared == caller.declared)
            return caller_traffic(session, session.exec(found), self._clock())

    def _kept(self, over: Range) -> Range:
        """No further back than anything is kept, or than everybody may look."""
        longest = max(self._ground.retention.days, RANGES[-1].span)
        return over if over.span <= longest else range_of(longest)

    def _claims(self, look: _Look) -> Claims:
        """Short ranges and single keys are quickly read; of the others, what is not of the last minutes is kept."""
        if look.keys is None and look.over in RANGES and look.over.span >= _HOUR:
            return self._history.claims(look.session, look.over, look.now)
        if look.pulsed and not _elsewhere(look.session):
            return sums(look.session, look.stretch(look.over))
        return claims(look.session, look.stretch(look.over), look.keys)

    def _keys(
        self, look: _Look, versions: Mapping[Version, Counts], rates: Mapping[Version, Rate], alerts: Sequence[Alert]
    ) -> tuple[KeyTraffic, ...]:
        """The busiest; of those alone the last 24 hours are read."""
        counts, running, still = by_key(versions.items()), _by_key(rates), Rate()
        chosen = _busiest(look, counts, running)
        days = self._days(look, versions, chosen)
        uses: dict[str, list[VersionUse]] = defaultdict(list)
        for (key_id, number), each in versions.items():
            uses[key_id].append(VersionUse(number, each.accepted))
        rows = look.session.exec(select(KeyRow.id, KeyRow.name, KeyRow.environment).where(one_of(KeyRow.id, chosen)))
        return busiest(
            KeyTraffic(
                key_id=key_id,
                key_name=name,
                environment=environment,
                per_second=running.get(key_id, still).accepted,
                refused_per_second=running.get(key_id, still).refused,
                day=days.get(key_id, Counts()).accepted,
                accepted=counts[key_id].accepted,
                refused=counts[key_id].refused,
                versions=tuple(sorted(uses[key_id], key=lambda use: (-use.accepted, -use.version))),
                alert=next((alert for alert in alerts if alert.signal.key_id == key_id), None),
            )
            for key_id, name, environment in rows
        )

    def _days(self, look: _Look, versions: Mapping[Version, Counts], chosen: Sequence[str]) -> dict[str, Counts]:
        if look.over == _DAY:
            return by_key(versions.items())
        day, _ = self._history.sums(look.session, _DAY, look.now, chosen).merged()
        return by_key(day.items())


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at the monitor: of all keys, of a tenant's, or of one."""

    session: Session
    over: Range
    now: datetime
    limit: int
    key_id: str | None
    keys: Sequence[str] | None
    """The one key, or those that the session sees; None when it sees all."""

    @property
    def pulsed(self) -> bool:
        """Whether its points are finer than the minutes in which versions are counted."""
        return self.keys is None and self.over.bucket < MINUTE

    def stretch(self, over: Range) -> Stretch:
        """From a full minute: of the one that a range of a few minutes begins in, all counts."""
        return Stretch(floor(over.start(self.now), MINUTE), self.now, over.bucket)


def _rates(look: _Look) -> dict[Version, Rate]:
    """Of the versions that had a request in this minute or the one before."""
    running = floor(look.now, MINUTE)
    last_two = Stretch(running - MINUTE, look.now, MINUTE)
    found = (
        by_minute(look.session, last_two.since, last_two.until)
        if look.keys is None
        else by_bucket(look.session, last_two, look.keys)
    )
    none = Counts()
    return {
        version: rate(minutes.get(running, none), minutes.get(running - MINUTE, none), look.now)
        for version, minutes in found.items()
    }


def _pulsed(look: _Look, buckets: Mapping[datetime, Counts]) -> dict[datetime, Counts]:
    """The recorders' requests as their flushes brought them; what only others saw, where its minute begins."""
    stretch = look.stretch(look.over)
    given = {"since": stretch.since, "until": stretch.until, "bucket": stretch.bucket}
    found = look.session.connection().execute(_PULSES, given)
    points = {at: Counts(accepted, refused) for at, accepted, refused in found}
    if _elsewhere(look.session):
        recorded = of_source(look.session, stretch, RECORDERS)
        for at, counts in buckets.items():
            points[at] = points.get(at, Counts()) + (counts - recorded.get(at, Counts()))
    return points


def _elsewhere(session: Session) -> bool:
    """Whether any source but the recorders is known."""
    return session.exec(select(SourceRow.name).limit(1)).first() is not None


def _points(look: _Look, buckets: Mapping[datetime, Counts]) -> tuple[Point, ...]:
    none = Counts()
    return tuple(
        Point(at, counts.accepted, counts.refused)
        for at in look.over.buckets(look.now)
        for counts in (buckets.get(at, none),)
    )


def _busiest(look: _Look, counts: Mapping[str, Counts], rates: Mapping[str, Rate]) -> list[str]:
    still = Rate()
    return heapq.nsmallest(
        look.limit,
        (key_id for key_id, each in counts.items() if each.requests),
        key=lambda key_id: (-rates.get(key_id, still).requests, -counts[key_id].requests, key_id),
    )


def _by_key(rates: Mapping[Version, Rate]) -> dict[str, Rate]:
    found: dict[str, Rate] = {}
    for (key_id, _), each in rates.items():
        found[key_id] = found.get(key_id, Rate()) + each
    return found


def _rotations(look: _Look, rates: Mapping[Version, Rate]) -> tuple[RotationTraffic, ...]:
    """The open ones, newest first, at most `limit`."""
    found = select(RotationRow).where(col(RotationRow.closed_at).is_(None)).order_by(col(RotationRow.id).desc())
    if look.key_id is not None:
        found = found.where(RotationRow.key_id == look.key_id)
    rotations = [stored_rotation(look.session, row) for row in look.session.exec(found.limit(look.limit)).all()]
    counted = by_bucket(look.session, look.stretch(look.over), [rotation.key_id for rotation in rotations])
    held_up_by = unmoved(look.session, rotations, look.now)
    still = Rate()
    return tuple(
        RotationTraffic(
            rotation,
            old=_points(look, counted.get(old, {})),
            old_per_second=rates.get(old, still).accepted,
            new=_points(look, counted.get(new, {})),
            new_per_second=rates.get(new, still).accepted,
            unmoved=held_up_by.get(rotation.id, ()),
        )
        for rotation in rotations
        for old, new in (((rotation.key_id, rotation.old_version), (rotation.key_id, rotation.new_version or 0)),)
    )


def _open_alerts(look: _Look) -> tuple[Alert, ...]:
    found = select(AlertRow).where(col(AlertRow.resolved_at).is_(None))
    if look.key_id is not None:
        found = found.where(AlertRow.key_id == look.key_id)
    return tuple(most_serious_first(alert_of(row) for row in look.session.exec(found)))


_PULSES: Final = (
    text(
        """
        SELECT at - at % :bucket AS bucket_at, sum(accepted) AS accepted, sum(refused) AS refused
        FROM pulses WHERE at >= :since AND at <= :until GROUP BY bucket_at
        """
    )
    .bindparams(bindparam("since", type_=UtcTime), bindparam("until", type_=UtcTime), bindparam("bucket", type_=Span))
    .columns(column("bucket_at", UtcTime), column("accepted"), column("refused"))
)
