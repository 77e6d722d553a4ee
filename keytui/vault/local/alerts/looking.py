"""Looking for alerts: how often each kind is looked for, whose turn it is, and what is seen.

Looks are of three paces, because a burst is news for seconds, a due rotation for days, and a full hour only once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlmodel import Session, col, select

from keytui.domain.alerts import AlertKind, Signal
from keytui.domain.detectors import lifetimes
from keytui.domain.detectors.auto_rotations import not_rotated
from keytui.domain.detectors.drifts import drifts, uncompared
from keytui.domain.detectors.patterns import HOUR, patterns_changed
from keytui.domain.detectors.refusals import refusal_bursts, refusals_after_retirement
from keytui.domain.detectors.routes import routes_not_back
from keytui.domain.detectors.versions import dead_versions_used, leaks, new_callers, old_versions_near_end
from keytui.domain.keys import Flag
from keytui.domain.policy import Policies
from keytui.domain.thresholds import Thresholds
from keytui.vault.local.alerts.hourly_facts import rhythms, routes_since
from keytui.vault.local.alerts.incidents import incidents
from keytui.vault.local.alerts.key_facts import (
    callers_of_sensitive,
    drifted_versions,
    key_names,
    leaked_versions,
    overlaps,
    skipped_rotations,
    uncompared_issuers,
)
from keytui.vault.local.alerts.lots import lots
from keytui.vault.local.alerts.traffic_facts import Traffic, dead_uses, refused_minutes, retirements
from keytui.vault.local.dialects import insert
from keytui.vault.local.tables import LookRow
from keytui.vault.local.usage.counting import by_minute
from keytui.vault.local.usage.grains import floor

_MINUTE: Final = timedelta(minutes=1)
_LATE: Final = timedelta(minutes=2)
"""How long after a full hour its last requests may still come in."""
_FARTHEST: Final = timedelta(hours=1)
"""How far back the minutes are read when nobody has looked for longer."""
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Pace(StrEnum):
    """How often something is looked for."""

    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"


KINDS: Final[Mapping[Pace, frozenset[AlertKind]]] = {
    Pace.SECONDS: frozenset(
        {
            AlertKind.REFUSAL_BURST,
            AlertKind.DEAD_VERSION_USED,
            AlertKind.REFUSALS_AFTER_RETIREMENT,
            AlertKind.LEAK,
            AlertKind.OLD_VERSION_NEAR_END,
        }
    ),
    Pace.MINUTES: frozenset(
        {
            AlertKind.NEW_CALLER,
            AlertKind.UNUSED,
            AlertKind.ROTATION_DUE,
            AlertKind.EXPIRING,
            AlertKind.NOT_BACK,
            AlertKind.AUTO_ROTATION,
            AlertKind.DRIFT,
        }
    ),
    Pace.HOURS: frozenset({AlertKind.PATTERN_CHANGED}),
}
_EVERY: Final = {Pace.SECONDS: timedelta(seconds=3), Pace.MINUTES: timedelta(minutes=1)}


@dataclass(frozen=True, slots=True)
class Look:
    """One look: its pace, and when the one before it was."""

    pace: Pace
    before: datetime


def due_looks(session: Session, now: datetime) -> tuple[Look, ...]:
    """The looks whose time has come. Reads three rows."""
    last = {row.what: row.at for row in session.exec(select(LookRow).where(col(LookRow.what).in_(list(Pace))))}
    looks = (Look(pace, last.get(pace, _EARLIEST)) for pace in Pace)
    return tuple(look for look in looks if _due(look, now))


def _due(look: Look, now: datetime) -> bool:
    """A clock that went back makes no look wait for the time that it had reached."""
    if look.before > now:
        return True
    if look.pace is Pace.HOURS:
        return full_hour(now) > full_hour(look.before)
    return now - look.before >= _EVERY[look.pace]


def take_looks(session: Session, now: datetime) -> tuple[Look, ...]:
    """The looks whose time has come, taken by this process: as the only writer, so that no other takes them too."""
    looks = due_looks(session, now)
    for look in looks:
        _note(session, look.pace, now)
    return looks


def give_looks_back(session: Session, looks: Iterable[Look]) -> None:
    """They were taken, and nothing came of them."""
    for look in looks:
        _note(session, look.pace, look.before)


def _note(session: Session, pace: Pace, at: datetime) -> None:
    noted = insert(session, LookRow).values(what=pace, at=at)
    session.connection().execute(noted.on_conflict_do_update(index_elements=["what"], set_={"at": at}))


def full_hour(now: datetime) -> datetime:
    """The start of the newest hour that has passed and been told of."""
    return floor(now - _LATE, HOUR) - HOUR


def seen(session: Session, look: Look, policies: Policies, now: datetime) -> tuple[Signal, ...]:
    """What the detectors of a look's pace see."""
    return tuple(_BY_PACE[look.pace](session, look, policies, now))


def _of_seconds(session: Session, look: Look, policies: Policies, now: datetime) -> Iterator[Signal]:
    window = _longest(policies, lambda thresholds: thresholds.burst_window)
    since = floor(max(min(look.before, now - window), now - max(_FARTHEST, window)), _MINUTE)
    minutes = by_minute(session, since, now + _MINUTE)
    traffic = Traffic(since, minutes, key_names(session, {key_id for key_id, _ in minutes}))
    watch = _longest(policies, lambda thresholds: thresholds.retirement_watch)
    retired = retirements(session, traffic, incidents(session, now - watch), now)
    yield from refusal_bursts(refused_minutes(session, traffic), policies)
    yield from dead_versions_used(dead_uses(session, traffic, policies), policies)
    yield from refusals_after_retirement(retired, policies)
    yield from leaks(leaked_versions(session))
    yield from old_versions_near_end(overlaps(session), policies, now)


def _of_minutes(session: Session, _look: Look, policies: Policies, now: datetime) -> Iterator[Signal]:
    yield from lifetimes.rotations_due(lots(session, Flag.DUE, policies, now))
    yield from lifetimes.expiring(lots(session, Flag.EXPIRING, policies, now))
    yield from lifetimes.expired(lots(session, Flag.EXPIRED, policies, now))
    yield from lifetimes.idle(lots(session, Flag.IDLE, policies, now))
    yield from lifetimes.stale(lots(session, Flag.STALE, policies, now))
    yield from not_rotated(skipped_rotations(session))
    yield from drifts(drifted_versions(session))
    yield from uncompared(uncompared_issuers(session), now)
    shown = _longest(policies, lambda thresholds: thresholds.new_caller_shown)
    yield from new_callers(callers_of_sensitive(session, now - shown), policies, now)
    watch = _longest(policies, lambda thresholds: thresholds.incident_watch)
    yield from routes_not_back(routes_since(session, incidents(session, now - watch), policies, now), policies)


def _of_hours(session: Session, _look: Look, policies: Policies, now: datetime) -> Iterator[Signal]:
    yield from patterns_changed(rhythms(session, policies, full_hour(now), now), policies)


_BY_PACE: Final[Mapping[Pace, Callable[[Session, Look, Policies, datetime], Iterator[Signal]]]] = {
    Pace.SECONDS: _of_seconds,
    Pace.MINUTES: _of_minutes,
    Pace.HOURS: _of_hours,
}


def _longest(policies: Policies, of: Callable[[Thresholds], timedelta]) -> timedelta:
    """The longest that a threshold is in any environment."""
    return max(of(policy.alerts) for policy in (policies.default, *policies.environments.values()))
