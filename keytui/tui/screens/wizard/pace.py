"""The pace of both versions over the same stretch of time, on one scale, so that the eye sees one give way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from keytui.domain.usage import UsagePoint
from keytui.tui.wording import BARS

_SHORTEST: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """One version's accepted requests, oldest first, and the requests per minute of the newest bucket."""

    bars: str
    per_minute: float


def paces(points: Sequence[UsagePoint], versions: Sequence[int], now: datetime, width: int) -> tuple[Pace, ...]:
    """The pace of each version in `width` buckets up to `now`. Nothing is a gap, and the peak of both is the top."""
    bucket = _bucket(points)
    counts = [
        _counts([point for point in points if point.version == version], bucket, now, width) for version in versions
    ]
    peak = max((count for row in counts for count in row), default=0)
    minutes = bucket / timedelta(minutes=1)
    return tuple(Pace("".join(_bar(count, peak) for count in row), (row[-1] if row else 0) / minutes) for row in counts)


def _bucket(points: Sequence[UsagePoint]) -> timedelta:
    times = sorted({point.at for point in points})
    apart = [later - earlier for earlier, later in pairwise(times)]
    return max(min(apart, default=_SHORTEST), _SHORTEST)


def _counts(points: Sequence[UsagePoint], bucket: timedelta, now: datetime, width: int) -> list[int]:
    counts = [0] * width
    for point in points:
        place = width - 1 - (now - point.at) // bucket
        if 0 <= place < width:
            counts[place] += point.accepted
    return counts


def _bar(count: int, peak: int) -> str:
    return BARS[(count * len(BARS) - 1) // peak] if count else " "
