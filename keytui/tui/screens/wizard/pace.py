"""The pace of both versions over the same stretch of time, on one scale, so that the eye sees one give way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keytui.domain.usage import UsagePoint
from keytui.tui.wording import bar

_SHORTEST: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """One version's accepted requests, oldest first, and its requests per minute of late."""

    bars: str
    per_minute: float


def paces(points: Sequence[UsagePoint], versions: Sequence[int], now: datetime, width: int) -> tuple[Pace, ...]:
    """The pace of each version in at most `width` bars. `points` hold the empty buckets too; the peak is the top."""
    times = sorted({point.at for point in points})
    own = [{point.at: point.accepted for point in points if point.version == version} for version in versions]
    counts = [_grouped([counted.get(at, 0) for at in times], width) for counted in own]
    peak = max((count for row in counts for count in row), default=0)
    bars = ["".join(bar(count, peak) for count in row).rjust(width) for row in counts]
    return tuple(Pace(row, _per_minute(counted, times[-2:], now)) for row, counted in zip(bars, own, strict=True))


def _per_minute(counted: dict[datetime, int], newest: Sequence[datetime], now: datetime) -> float:
    """Of the two newest buckets, the last of which has only partly passed."""
    if not newest:
        return 0.0
    return sum(counted.get(at, 0) for at in newest) / (max(now - newest[0], _SHORTEST) / timedelta(minutes=1))


def _grouped(counts: Sequence[int], width: int) -> list[int]:
    bars = min(len(counts), width)
    return [sum(counts[at * len(counts) // bars : (at + 1) * len(counts) // bars]) for at in range(bars)]
