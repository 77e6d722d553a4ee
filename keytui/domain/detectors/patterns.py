"""A key's access pattern, against its own history of the same hours of the week.

The usual rate is the median of the weeks before, because one odd week (an outage, a holiday, a load test) moves a mean
and its deviation but not a median. How far from it is still usual: the larger of the median absolute deviation and of
the root of the median, as requests that come one by one vary by it (Poisson); a deviation of three to five numbers is
often nought by chance, and every key would be odd then. The hours before and after count as usual too, so that a job
that starts a few minutes early is no change.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from keytui.domain.alerts import AlertKind, Severity, Signal
from keytui.domain.detectors.folding import Found, KeyName, fold
from keytui.domain.policy import Policies
from keytui.domain.thresholds import Thresholds

WEEK: Final = timedelta(days=7)
HOUR: Final = timedelta(hours=1)
_DEVIATIONS: Final = 5.0
_NORMAL: Final = 1.4826
"""The median absolute deviation times this is the standard deviation, where things vary as the normal ones do."""


@dataclass(frozen=True, slots=True)
class Week:
    """The same hour of an earlier week: accepted requests in the hour before it, in it, and in the hour after."""

    counts: tuple[int, int, int]
    callers: frozenset[str]
    """Who sent any in these three hours."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A key's last full hour, and the same hour of the weeks before, the newest first and without a break."""

    key: KeyName
    hour: datetime
    first_used_at: datetime
    accepted: int
    callers: Mapping[str, int]
    """Accepted requests by caller."""
    weeks: tuple[Week, ...]
    covered: bool = True
    """Whether the recorders vouch for the whole hour: what they did not see is no silence."""


@dataclass(frozen=True, slots=True)
class _Usual:
    """Requests in one hour of the week: the median, and how far from it is still usual."""

    middle: float
    spread: float


def patterns_changed(rhythms: Iterable[Rhythm], policies: Policies) -> tuple[Signal, ...]:
    """Keys whose last full hour is unlike the same hours of the weeks before, in its rate or in who sent it.

    Nothing is said of a key with too little history, of few requests, or of a fall that the recorders do not vouch for.
    """
    found = (one for rhythm in rhythms for one in _changes(rhythm, policies.of(rhythm.key.environment).alerts))
    return fold(found)


def _changes(rhythm: Rhythm, thresholds: Thresholds) -> Iterator[Found]:
    weeks = _known(rhythm)
    if len(weeks) < thresholds.pattern_weeks:
        return
    usual = _usual(weeks)
    if _risen(rhythm, usual, thresholds):
        yield Found(rhythm.key.environment, "keys with more requests than usual", _rate(rhythm, usual))
    if _fallen(rhythm, usual, thresholds):
        yield Found(rhythm.key.environment, "keys with fewer requests than usual", _rate(rhythm, usual))
    if strangers := _strangers(rhythm, weeks, thresholds):
        yield Found(rhythm.key.environment, "keys with other callers than usual", _callers(rhythm, strangers))


def _known(rhythm: Rhythm) -> tuple[Week, ...]:
    """The weeks in which the key was in use already, all three hours of them."""
    return tuple(
        week
        for number, week in enumerate(rhythm.weeks, start=1)
        if rhythm.hour - number * WEEK - HOUR >= rhythm.first_used_at
    )


def _usual(weeks: tuple[Week, ...]) -> tuple[_Usual, ...]:
    """Of each of the three hours, the usual number and how far from it is still usual."""
    found = []
    for column in zip(*(week.counts for week in weeks), strict=True):
        middle = float(median(column))
        deviation = float(median(abs(count - middle) for count in column)) * _NORMAL
        found.append(_Usual(middle, _DEVIATIONS * max(deviation, math.sqrt(middle))))
    return tuple(found)


def _risen(rhythm: Rhythm, usual: tuple[_Usual, ...], thresholds: Thresholds) -> bool:
    return all(
        rhythm.accepted > hour.middle + hour.spread
        and rhythm.accepted >= hour.middle * thresholds.pattern_factor
        and rhythm.accepted - hour.middle >= thresholds.pattern_requests
        for hour in usual
    )


def _fallen(rhythm: Rhythm, usual: tuple[_Usual, ...], thresholds: Thresholds) -> bool:
    return rhythm.covered and all(
        rhythm.accepted < hour.middle - hour.spread
        and rhythm.accepted * thresholds.pattern_factor <= hour.middle
        and hour.middle - rhythm.accepted >= thresholds.pattern_requests
        for hour in usual
    )


def _strangers(rhythm: Rhythm, weeks: tuple[Week, ...], thresholds: Thresholds) -> dict[str, int]:
    """Callers that no week has seen, where they make up enough of the hour; none where the weeks saw nobody."""
    known = frozenset[str]().union(*(week.callers for week in weeks))
    strangers = {name: count for name, count in rhythm.callers.items() if name not in known and count > 0}
    count = sum(strangers.values())
    enough = count >= thresholds.pattern_requests and count * 100 >= rhythm.accepted * thresholds.pattern_percent
    return strangers if known and enough else {}


def _rate(rhythm: Rhythm, usual: tuple[_Usual, ...]) -> Signal:
    detail = (
        f"{rhythm.key.name} had {rhythm.accepted:,} requests in the hour from {rhythm.hour:%H:%MZ}; "
        f"usual in that hour of the week are {usual[1].middle:,.0f}"
    )
    return _signal(rhythm, "rate", Severity.WARNING, detail, rhythm.accepted)


def _callers(rhythm: Rhythm, strangers: Mapping[str, int]) -> Signal:
    count = sum(strangers.values())
    most = max(sorted(strangers), key=lambda name: strangers[name])
    detail = (
        f"{count:,} of {rhythm.accepted:,} requests of {rhythm.key.name} in the hour from {rhythm.hour:%H:%MZ} came "
        f"from callers that these hours of the week had not seen, most from {most}"
    )
    return _signal(rhythm, "callers", Severity.NOTICE, detail, count)


def _signal(rhythm: Rhythm, what: str, severity: Severity, detail: str, count: int) -> Signal:
    subject = f"{what} of {rhythm.key.id}"
    key = rhythm.key
    return Signal(AlertKind.PATTERN_CHANGED, subject, severity, detail, key.id, key.name, count=count)
