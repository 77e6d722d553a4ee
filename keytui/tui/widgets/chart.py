"""Requests over time as bars, in groups of buckets that time moves to the left and never cuts anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from keytui.domain.monitor import MINUTE, Point
from keytui.tui.wording import bar


def group_of(points: Sequence[Point], bucket: timedelta, bars: int, least: timedelta = timedelta()) -> timedelta:
    """How much time each of at most `bars` bars stands for, the one that is filling included; never under `least`."""
    return bucket * max(-(-(len(points) - 1) // max(bars - 1, 1)), -(-least // bucket), 1)


def grouped(points: Sequence[Point], bucket: timedelta, group: timedelta, now: datetime) -> tuple[int, ...]:
    """Accepted requests in groups of buckets, oldest first; groups begin at multiples of their own length.

    The oldest group is left out unless it is whole. So is the newest while that takes a minute at most, since it would
    change with every look; a longer one is drawn as far as it has come: what was just used must not look unused.
    """
    brief = group <= MINUTE
    sums: dict[int, list[int]] = {}
    for point in points:
        if not brief or point.at + bucket <= now:
            sums.setdefault(int(point.at.timestamp() // group.total_seconds()), []).append(point.accepted)
    newest = None if brief else int(now.timestamp() // group.total_seconds())
    return tuple(sum(parts) for at, parts in sorted(sums.items()) if at == newest or bucket * len(parts) == group)


def stretch(count: int, group: timedelta, now: datetime) -> tuple[datetime, datetime]:
    """From when to when `count` bars reach that `grouped` gave."""
    begun = now - timedelta(seconds=now.timestamp() % group.total_seconds())
    return (begun - group * count, begun) if group <= MINUTE else (begun - group * (count - 1), now)


def bars(values: Sequence[int], top: int, width: int) -> str:
    """One line of bars on a scale up to `top`, each as broad as `width` allows for all of them."""
    broad = max(width // max(len(values), 1), 1)
    return "".join(bar(value, top) * broad for value in values)
