"""The monitor's arithmetic: rates, merged sources, ranges and their buckets, and what comes first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import pairwise
from operator import or_

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytui.domain.durations import LONGEST
from keytui.domain.monitor import MINUTE, Counts, KeyTraffic, busiest, rate
from keytui.domain.ranges import RANGES, Range, range_of
from tests.world import NOON

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # made aware
SPANS = st.timedeltas(timedelta(seconds=1), LONGEST)
COUNTS = st.builds(Counts, st.integers(0, 10**9), st.integers(0, 10**9))
PER_SECOND = st.integers(0, 100_000)


@given(MOMENTS, PER_SECOND, PER_SECOND)
def test_steady_traffic_has_its_rate_at_every_second_of_the_minute(now: datetime, accepted: int, refused: int) -> None:
    seconds = now.second + now.microsecond / 1e6
    running = Counts(int(accepted * seconds), int(refused * seconds))

    found = rate(running, Counts(accepted * 60, refused * 60), now)

    assert found.accepted == pytest.approx(accepted, abs=1)
    assert found.refused == pytest.approx(refused, abs=1)


@given(MOMENTS, COUNTS, COUNTS)
def test_a_rate_lies_between_the_running_minute_and_both(now: datetime, running: Counts, before: Counts) -> None:
    found = rate(running, before, now)

    assert running.requests <= found.requests * 60 * (1 + 1e-9) + 1e-9
    assert found.requests * 60 <= (running.requests + before.requests) * (1 + 1e-9)


def test_the_last_minute_counts_less_and_less() -> None:
    full = Counts(60, 6)
    assert rate(Counts(), full, NOON).requests == pytest.approx(1.1)
    assert rate(Counts(), full, NOON + timedelta(seconds=45)).accepted == pytest.approx(0.25)
    assert rate(full, Counts(), NOON + timedelta(seconds=59)).accepted == 1
    assert rate(Counts(), Counts(3600), NOON + timedelta(minutes=30), timedelta(hours=1)).accepted == 0.5


@given(st.lists(COUNTS, min_size=1))
def test_sources_that_see_the_same_are_never_added(claims: list[Counts]) -> None:
    merged = reduce(or_, claims)

    assert merged.accepted in {each.accepted for each in claims}
    assert all(each.accepted <= merged.accepted and each.refused <= merged.refused for each in claims)
    assert merged == reduce(or_, reversed(claims))
    assert merged | merged == merged


@given(COUNTS, COUNTS)
def test_what_goes_beyond_a_claim_makes_the_higher_one_with_it(one: Counts, other: Counts) -> None:
    assert other + (one - other) == one | other


@given(MOMENTS, st.sampled_from(RANGES) | SPANS.map(range_of))
def test_the_buckets_of_a_range_follow_one_another_and_hold_all_of_it(now: datetime, over: Range) -> None:
    buckets = over.buckets(now)

    assert buckets[0] == over.start(now) <= now - over.span < buckets[0] + over.bucket
    assert buckets[-1] <= now < buckets[-1] + over.bucket
    assert {later - earlier for earlier, later in pairwise(buckets)} <= {over.bucket}
    assert all((at - datetime(1970, 1, 1, tzinfo=UTC)) % over.bucket == timedelta() for at in buckets[:2])


@given(SPANS)
def test_a_range_is_as_long_as_asked_in_no_more_buckets_than_fit_a_screen(span: timedelta) -> None:
    over = range_of(span)

    assert over.span == span
    assert over.bucket in {each.bucket for each in RANGES} or over.bucket % RANGES[-1].bucket == timedelta()
    assert span / over.bucket <= 90


def test_the_ranges_are_themselves() -> None:
    assert [range_of(over.span) for over in RANGES] == list(RANGES)
    assert all(over.bucket >= MINUTE or MINUTE % over.bucket == timedelta() for over in RANGES)
    assert range_of(timedelta(hours=2)).label == "2h"


def test_the_busiest_come_first() -> None:
    def key(name: str, per_second: float = 0, refused_per_second: float = 0, accepted: int = 0) -> KeyTraffic:
        return KeyTraffic(name, name, "production", per_second, refused_per_second, 0, accepted, 0, ())

    ordered = [key("refused", 1, 2), key("fast", 2.5), key("b", 0, 0, 9), key("a", 0, 0, 3), key("c", 0, 0, 3)]

    assert busiest(reversed(ordered)) == tuple(ordered)
