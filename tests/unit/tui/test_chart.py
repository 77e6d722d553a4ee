"""Graphs of the monitor: whole buckets only, and groups that time moves but never cuts anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytui.domain.monitor import Point
from keytui.domain.ranges import RANGES
from keytui.tui.widgets.chart import bars, group_of, grouped
from keytui.tui.wording import rate, share
from tests.world import NOON

OVER = RANGES[1]


def points(count: int) -> tuple[Point, ...]:
    """Each bucket has another number of requests; the last one begins now."""
    return tuple(Point(NOON - OVER.bucket * (count - 1 - at), at + 1) for at in range(count))


def drawn(points: Sequence[Point], width: int, least: timedelta = timedelta()) -> tuple[int, ...]:
    """As many groups as fit, once the last bucket is over."""
    now = points[-1].at + OVER.bucket
    return grouped(points, OVER.bucket, group_of(points, OVER.bucket, width, least), now)


def test_a_bucket_of_seconds_is_left_out_until_it_is_whole() -> None:
    early = NOON + OVER.bucket - timedelta(seconds=1)
    assert grouped(points(3), OVER.bucket, OVER.bucket, early) == (1, 2)
    assert grouped(points(3), OVER.bucket, OVER.bucket, NOON + OVER.bucket) == (1, 2, 3)


def test_a_longer_one_is_drawn_as_far_as_it_has_come() -> None:
    """What was just used must not look unused for half a day."""
    day = timedelta(days=1)
    assert grouped((Point(NOON - day, 5), Point(NOON, 1)), day, day, NOON + timedelta(hours=1)) == (5, 1)


@given(st.integers(1, 90), st.integers(1, 120))
def test_groups_fit_and_count_nothing_twice(count: int, width: int) -> None:
    values = drawn(points(count), width)
    assert len(values) <= max(width, 2)
    assert sum(values) <= count * (count + 1) // 2
    if count <= width:
        assert values == tuple(range(1, count + 1))


@given(st.integers(1, 60), st.integers(1, 59))
def test_as_time_goes_on_groups_move_and_are_not_cut_anew(width: int, later: int) -> None:
    """Whatever is whole in both windows is drawn the same. Of powers of two no part adds up to another whole."""
    series = tuple(replace(point, accepted=2**at) for at, point in enumerate(points(120)))
    before, after = (drawn(series[begin : begin + 60], width) for begin in (0, later))
    common = [value for value in before[:-1] if value in after]
    assert list(after[: len(common)]) == common


def test_what_is_counted_by_the_minute_is_drawn_by_whole_minutes() -> None:
    """Ten buckets of 15 s, of which the last two begin a minute that is not whole."""
    values = drawn([Point(NOON + OVER.bucket * at, 1) for at in range(10)], 60, timedelta(minutes=1))
    assert values == (4, 4)


def test_bars_are_on_one_scale_and_as_broad_as_there_is_room_for() -> None:
    assert bars((0, 1, 4, 8), 8, 6) == " ▁▄█"
    assert bars((4, 8), 8, 6) == "▄▄▄███"
    assert bars((), 0, 6) == ""


@pytest.mark.parametrize(
    ("per_second", "words"),
    [(0, "0"), (0.02, "<0.1"), (0.3, "0.3"), (4.23, "4.2"), (9.97, "10"), (44.4, "44"), (412, "410"), (12_345, "12 k")],
)
def test_a_rate_has_no_more_digits_than_hold_still(per_second: float, words: str) -> None:
    assert rate(per_second) == words


@pytest.mark.parametrize(("part", "words"), [(100, "100%"), (98, "98%"), (2, "2%"), (0.5, "<1%"), (99.6, "99%")])
def test_a_small_share_is_never_said_too_small(part: float, words: str) -> None:
    assert share(int(part * 10), 1000) == words
