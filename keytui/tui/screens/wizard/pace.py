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
    own = [[point for point in points if point.version == version] for version in versions]
    counts = [_counts(points_of_one, bucket, now, width) for points_of_one in own]
    peak = max((count for row in counts for count in row), default=0)
    bars = ["".join(_bar(count, peak) for count in row) for row in counts]
    return tuple(
        Pace(row, _per_minute(points_of_one, bucket, now)) for row, points_of_one in zip(bars, own, strict=True)
    )


def _per_minute(points: Sequence[UsagePoint], bucket: timedelta, now: datetime) -> float:
    """Of the newest bucket, which has only partly passed."""
    newest = [point for point in points if now - point.at < bucket]
    passed = max([now - point.at for point in newest] + [_SHORTEST])
    return sum(point.accepted for point in newest) / (passed / timedelta(minutes=1))


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
