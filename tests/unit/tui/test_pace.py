"""Two versions' requests as bars on one scale."""

from __future__ import annotations

from datetime import timedelta

from keytui.domain.usage import UsagePoint
from keytui.tui.screens.wizard.pace import Pace, paces
from tests.world import NOON

MINUTE = timedelta(minutes=1)


def points(version: int, *counts: int) -> list[UsagePoint]:
    """A point a minute, the last one a minute before noon."""
    began = NOON - len(counts) * MINUTE
    return [UsagePoint(began + at * MINUTE, version, count, 0) for at, count in enumerate(counts)]


def test_both_versions_share_time_and_scale() -> None:
    old, new = paces([*points(1, 80, 40, 0, 0), *points(2, 0, 10, 40, 80)], (1, 2), NOON, 4)
    assert (old.bars, new.bars) == ("█▄  ", " ▁▄█")
    assert (old.per_minute, new.per_minute) == (0, 60)


def test_a_narrow_screen_puts_buckets_together() -> None:
    (pace,) = paces(points(1, 1, 1, 2, 2, 4, 4), (1,), NOON, 3)
    assert pace.bars == "▂▄█"


def test_little_history_stands_at_the_right() -> None:
    (pace,) = paces(points(1, 3), (1,), NOON, 4)
    assert pace.bars == "   █"


def test_no_history_is_blank() -> None:
    assert paces((), (1,), NOON, 3) == (Pace("   ", 0.0),)
