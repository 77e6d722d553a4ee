"""Requests over time as bars: whole buckets only, so that nothing moves until the next one is full."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from keytui.domain.monitor import Point
from keytui.tui.wording import bar


def whole(points: Sequence[Point], bucket: timedelta, now: datetime) -> tuple[Point, ...]:
    """The points whose bucket is over. The one that is still filling would change with every look."""
    return tuple(point for point in points if point.at + bucket <= now)


def grouped(points: Sequence[Point], bucket: timedelta, bars: int, least: timedelta = timedelta()) -> tuple[int, ...]:
    """Accepted requests in at most `bars` groups of equally many buckets, oldest first, each of `least` or longer.

    Groups begin at multiples of their own length: time moves them to the left and never regroups them. The newest may
    hold fewer buckets than the others and is left out until it is whole; the oldest likewise.
    """
    if not points or bars < 1:
        return ()
    size = max(-(-len(points) // bars), -(-least // bucket))
    sums: dict[int, list[int]] = {}
    for point in points:
        sums.setdefault(int(point.at.timestamp() // (bucket.total_seconds() * size)), []).append(point.accepted)
    return tuple(sum(parts) for _, parts in sorted(sums.items()) if len(parts) == size)


def bars(values: Sequence[int], top: int, width: int) -> str:
    """One line of bars on a scale up to `top`, each as broad as `width` allows for all of them."""
    broad = max(width // max(len(values), 1), 1)
    return "".join(bar(value, top) * broad for value in values)
