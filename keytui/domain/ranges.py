"""How far back the monitor looks, and into which buckets it cuts that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from keytui.domain.durations import short

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Range:
    """How far back the monitor looks, and into which buckets it cuts that. Buckets are counted from 1970."""

    label: str
    span: timedelta
    bucket: timedelta

    def start(self, now: datetime) -> datetime:
        """The beginning of the bucket that the span's first moment lies in."""
        return now - self.span - (now - self.span - EPOCH) % self.bucket

    def buckets(self, now: datetime) -> tuple[datetime, ...]:
        """When each begins, oldest first: those that the span touches, the one that is filling included."""
        start = self.start(now)
        return tuple(start + self.bucket * number for number in range((now - start) // self.bucket + 1))


RANGES: Final = (
    Range("5 min", timedelta(minutes=5), timedelta(seconds=5)),
    Range("15 min", timedelta(minutes=15), timedelta(seconds=15)),
    Range("1 h", timedelta(hours=1), timedelta(minutes=1)),
    Range("6 h", timedelta(hours=6), timedelta(minutes=6)),
    Range("24 h", timedelta(hours=24), timedelta(minutes=24)),
    Range("7 d", timedelta(days=7), timedelta(hours=3)),
    Range("30 d", timedelta(days=30), timedelta(hours=12)),
    Range("90 d", timedelta(days=90), timedelta(days=1)),
)


def range_of(span: timedelta) -> Range:
    """The range of this span: one of RANGES, or another cut into the buckets of the next longer one.

    One that is longer than all of them is cut into whole days, no more pieces than the longest.
    """
    longest = RANGES[-1]
    longer = next((each for each in RANGES if span <= each.span), None)
    if longer is None:
        return Range(short(span), span, longest.bucket * -(-span // longest.span))
    return longer if longer.span == span else Range(short(span), span, longer.bucket)
