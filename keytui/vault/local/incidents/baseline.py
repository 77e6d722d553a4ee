"""The load of an incident's keys: the hours of the day before it, and lately."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from keytui.domain.incidents import BASELINE, MEASURED_OVER, CutOff, Incident, Load
from keytui.vault.local.incidents.mapping import keys_of
from keytui.vault.local.usage.counting import Stretch, by_bucket
from keytui.vault.local.usage.grains import floor

_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)


def loads_of(session: Session, incident: Incident, cut_off: Sequence[CutOff], now: datetime) -> tuple[Load, ...]:
    """Of each key by name. The hour in which it was opened is neither: a part of it was before."""
    missing = Counter(one.key_name for one in cut_off if _is_missing(one, incident))
    ids = [key.id for key in incident.keys]
    opened_hour = floor(incident.opened_at, _HOUR)
    since = max(floor(now - MEASURED_OVER, _MINUTE), floor(incident.opened_at, _MINUTE) + _MINUTE)
    before = _accepted(session, ids, Stretch(opened_hour - BASELINE, opened_hour - _MINUTE, _HOUR))
    lately = _accepted(session, ids, Stretch(since, now, _MINUTE)) if since < now else {}
    return tuple(
        Load(
            key_name=row.name,
            before=_hours(before.get(row.id, {}), row.created_at, opened_hour),
            lately=sum(lately.get(row.id, {}).values()),
            over=max(now - since, timedelta()),
            revoked=row.revoked_at is not None,
            missing=missing[row.name],
        )
        for row, _ in keys_of(session, incident.id)
    )


def _is_missing(one: CutOff, incident: Incident) -> bool:
    """Who was there in the day that is the baseline."""
    return one.back_at is None and one.last_let_in_at >= incident.opened_at - BASELINE


def _hours(counted: dict[datetime, int], created_at: datetime, until: datetime) -> tuple[int, ...]:
    """The full hours that the key was there for, those without a request too."""
    hours = (until - _HOUR * number for number in range(int(BASELINE / _HOUR), 0, -1))
    return tuple(counted.get(hour, 0) for hour in hours if hour >= floor(created_at, _HOUR))


def _accepted(session: Session, key_ids: list[str], over: Stretch) -> dict[str, dict[datetime, int]]:
    """Accepted requests of each key by bucket, whatever version they came with."""
    found: dict[str, dict[datetime, int]] = defaultdict(lambda: defaultdict(int))
    for (key_id, _), buckets in by_bucket(session, over, key_ids).items():
        for at, counts in buckets.items():
            found[key_id][at] += counts.accepted
    return found
