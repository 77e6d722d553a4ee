"""Detectors of alerts: quiet worlds are left in peace, a line is crossed at its number, and order does not matter."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytui.domain.alerts import AlertKind, Severity, Signal
from keytui.domain.detectors import lifetimes
from keytui.domain.detectors.folding import MOST_SINGLE, KeyName
from keytui.domain.detectors.patterns import HOUR, WEEK, Rhythm, Week, patterns_changed
from keytui.domain.detectors.refusals import RefusedMinute, Retirement, refusal_bursts, refusals_after_retirement
from keytui.domain.detectors.routes import RouteSince, full_hours_since, routes_not_back
from keytui.domain.detectors.versions import (
    CallerOfSensitive,
    Dead,
    DeadUse,
    LeakedVersion,
    Overlap,
    dead_versions_used,
    leaks,
    new_callers,
    old_versions_near_end,
)
from keytui.domain.policy import Policies, Policy
from keytui.domain.thresholds import Thresholds
from tests.world import NOON

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
LINES = Thresholds()
POLICIES = Policies()
CHECKOUT = KeyName("k1", "checkout", "production")
EVENING = datetime(2026, 11, 20, 18, 0, tzinfo=NOON.tzinfo)


def refused(count: float, minute: int = 0, address: str = "203.0.113.9", key: KeyName = CHECKOUT) -> RefusedMinute:
    return RefusedMinute(address, key, NOON + minute * MINUTE, count)


def bursts(*minutes: RefusedMinute) -> tuple[Signal, ...]:
    return refusal_bursts(minutes, POLICIES)


class TestRefusalBursts:
    def test_a_burst_begins_at_its_number_and_not_below(self) -> None:
        assert bursts(refused(LINES.burst_refusals - 1)) == ()
        (burst,) = bursts(refused(LINES.burst_refusals))
        assert (burst.kind, burst.count, burst.key_name) == (AlertKind.REFUSAL_BURST, LINES.burst_refusals, "checkout")
        assert "203.0.113.9" in burst.detail

    def test_only_what_lies_within_the_window_adds_up(self) -> None:
        half = LINES.burst_refusals // 2 + 1
        window = LINES.burst_window // MINUTE
        assert bursts(refused(half), refused(half, window - 1))
        assert not bursts(refused(half), refused(half, window))

    def test_two_addresses_do_not_add_up(self) -> None:
        half = LINES.burst_refusals // 2 + 1
        assert not bursts(refused(half), refused(half, address="203.0.113.10"))

    def test_secrets_of_no_key_are_a_burst_too(self) -> None:
        (burst,) = bursts(refused(50, key=KeyName("", "", "")))
        assert (burst.key_id, "secrets of no key" in burst.detail) == ("", True)

    def test_each_environment_has_its_own_line(self) -> None:
        lax = Policies(environments={"production": Policy(alerts=Thresholds(burst_refusals=1000))})
        assert not refusal_bursts([refused(999)], lax)
        assert refusal_bursts([refused(1000)], lax)

    def test_more_addresses_than_anyone_reads_are_one_alert(self) -> None:
        (together,) = bursts(*(refused(40, address=f"203.0.113.{n}") for n in range(MOST_SINGLE + 1)))
        assert (together.count, together.key_id) == (MOST_SINGLE + 1, "")
        assert f"{MOST_SINGLE + 1} addresses" in together.detail

    @given(
        st.lists(
            st.builds(
                refused,
                st.floats(0, 60),
                st.integers(0, 30),
                st.sampled_from(["a", "b", "c"]),
                st.sampled_from([CHECKOUT, KeyName("k2", "b", "staging"), KeyName("", "", "")]),
            ),
            max_size=25,
        ),
        st.randoms(use_true_random=False),
    )
    def test_the_order_of_facts_changes_nothing(self, minutes: list[RefusedMinute], randomness: Random) -> None:
        mixed = list(minutes)
        randomness.shuffle(mixed)
        assert bursts(*mixed) == bursts(*minutes)

    @given(st.lists(st.builds(refused, st.integers(0, 9), st.integers(0, 30)), max_size=12), st.integers(2, 9))
    def test_more_refusals_never_end_a_burst(self, minutes: list[RefusedMinute], times: int) -> None:
        before = {burst.subject: burst.count for burst in bursts(*minutes)}
        after = {
            burst.subject: burst.count for burst in bursts(*(replace(m, refused=m.refused * times) for m in minutes))
        }
        assert all(after[subject] == count * times for subject, count in before.items())

    @given(st.lists(st.floats(0, LINES.burst_refusals / 10), max_size=1), st.integers(0, 30))
    def test_a_quiet_world_has_none(self, counts: list[float], minute: int) -> None:
        assert bursts(*(refused(count, minute) for count in counts)) == ()


def retirement(after: int, before: int, span: timedelta = HOUR) -> Retirement:
    return Retirement(CHECKOUT, 3, NOON, span, after, before, rotation_id=7)


class TestRefusalsAfterRetirement:
    def test_a_spike_is_what_chance_does_not_make(self) -> None:
        assert not refusals_after_retirement([retirement(LINES.retirement_refusals - 1, 0)], POLICIES)
        (spike,) = refusals_after_retirement([retirement(LINES.retirement_refusals, 0)], POLICIES)
        assert (spike.severity, spike.rotation_id) == (Severity.CRITICAL, 7)

    @given(st.integers(0, 100_000), st.floats(0.01, 1))
    def test_as_many_as_before_are_no_spike(self, before: int, share: float) -> None:
        usual = math.floor(before * share)
        assert not refusals_after_retirement([retirement(usual, before, HOUR * share)], POLICIES)

    def test_many_before_hide_a_few_more_but_not_twice_as_many(self) -> None:
        assert not refusals_after_retirement([retirement(1010, 1000)], POLICIES)
        assert refusals_after_retirement([retirement(2000, 1000)], POLICIES)


def rhythm(accepted: int, *weeks: int, covered: bool = True, **callers: int) -> Rhythm:
    """An hour, and the same hour of the weeks before with an even rate around it."""
    before = tuple(Week((count, count, count), frozenset({"web"})) for count in weeks)
    return Rhythm(CHECKOUT, EVENING, EVENING - 10 * WEEK, accepted, callers or {"web": accepted}, before, covered)


def changed(*rhythms: Rhythm) -> list[str]:
    return [signal.subject for signal in patterns_changed(rhythms, POLICIES)]


class TestPatterns:
    @pytest.mark.parametrize("accepted", [3100, 30])
    def test_a_rate_far_from_that_of_the_weeks_before(self, accepted: int) -> None:
        assert changed(rhythm(accepted, 1000, 980, 1020, 1000)) == ["rate of k1"]

    @pytest.mark.parametrize("accepted", [700, 1000, 1400, 2900])
    def test_a_rate_near_enough(self, accepted: int) -> None:
        assert changed(rhythm(accepted, 1000, 980, 1020, 1000)) == []

    def test_one_odd_week_among_the_others_moves_nothing(self) -> None:
        assert changed(rhythm(1000, 1000, 0, 990, 1010)) == []
        assert changed(rhythm(5000, 1000, 90_000, 990, 1010)) == ["rate of k1"]

    @given(st.integers(0, 10**6), st.lists(st.integers(0, 10**6), max_size=2))
    def test_too_little_history_says_nothing(self, accepted: int, weeks: list[int]) -> None:
        assert changed(rhythm(accepted, *weeks, other=accepted)) == []

    @given(st.integers(0, 10**6), st.lists(st.integers(0, 10**6), min_size=4, max_size=4), st.integers(0, 30))
    def test_a_new_key_says_nothing(self, accepted: int, weeks: list[int], days: int) -> None:
        """Its first weeks are empty because it was not there, and not because nobody came."""
        young = replace(rhythm(accepted, *weeks, other=accepted), first_used_at=EVENING - min(days, 20) * DAY)
        assert changed(young) == []

    @given(st.integers(0, LINES.pattern_requests - 1), st.lists(st.integers(0, 50), min_size=4, max_size=4))
    def test_few_requests_say_nothing(self, accepted: int, weeks: list[int]) -> None:
        assert changed(rhythm(accepted, *weeks, other=accepted)) == []

    @given(st.integers(0, 10**6), st.floats(0.7, 1.4))
    def test_a_steady_key_is_left_in_peace(self, usual: int, wobble: float) -> None:
        assert changed(rhythm(int(usual * wobble), usual, usual, usual, usual)) == []

    def test_a_job_that_came_some_minutes_early_is_no_change(self) -> None:
        before = tuple(Week((0, 0, 2000), frozenset({"nightly"})) for _ in range(4))
        early = Rhythm(CHECKOUT, EVENING, EVENING - 10 * WEEK, 1900, {"nightly": 1900}, before)
        assert changed(early) == []
        assert changed(replace(early, accepted=9000, callers={"nightly": 9000})) == ["rate of k1"]

    def test_what_nobody_vouches_for_is_no_fall(self) -> None:
        assert changed(rhythm(0, 1000, 1000, 1000, 1000)) == ["rate of k1"]
        assert changed(rhythm(0, 1000, 1000, 1000, 1000, covered=False)) == []
        assert changed(rhythm(9000, 1000, 1000, 1000, 1000, covered=False)) == ["rate of k1"]

    def test_callers_that_these_hours_have_not_seen(self) -> None:
        usual = (1000, 1000, 1000, 1000)
        assert changed(rhythm(1000, *usual, web=499, stranger=501)) == ["callers of k1"]
        assert changed(rhythm(1000, *usual, web=501, stranger=499)) == []

    @given(
        st.lists(
            st.builds(rhythm, st.integers(0, 9999), st.integers(0, 999), st.integers(0, 999), st.integers(0, 999))
        ),
        st.randoms(use_true_random=False),
    )
    def test_the_order_of_keys_changes_nothing(self, rhythms: list[Rhythm], randomness: Random) -> None:
        named = [replace(one, key=replace(CHECKOUT, id=f"k{number}")) for number, one in enumerate(rhythms)]
        mixed = list(named)
        randomness.shuffle(mixed)
        assert changed(*mixed) == changed(*named)

    @given(st.integers(0, 5000), st.lists(st.integers(0, 5000), min_size=3, max_size=4), st.integers(2, 50))
    def test_what_was_a_change_is_one_at_any_larger_scale(self, accepted: int, weeks: list[int], times: int) -> None:
        if changed(rhythm(accepted, *weeks)):
            assert changed(rhythm(accepted * times, *(count * times for count in weeks)))


def dead(after: timedelta, accepted: int = 0, refused: int = 1) -> DeadUse:
    return DeadUse(CHECKOUT, 3, Dead.REVOKED, NOON, NOON + after, accepted, refused)


class TestVersions:
    def test_a_dead_version_is_alerted_once_nothing_can_be_under_way(self) -> None:
        grace = LINES.dead_version_grace
        assert not dead_versions_used([dead(grace)], POLICIES)
        (used,) = dead_versions_used([dead(grace + MINUTE)], POLICIES)
        assert (used.severity, used.subject) == (Severity.WARNING, "v3 of k1")

    def test_a_dead_version_that_lets_somebody_in_is_critical(self) -> None:
        (used,) = dead_versions_used([dead(HOUR, accepted=1)], POLICIES)
        assert used.severity is Severity.CRITICAL

    def test_a_dead_version_without_requests_is_nothing(self) -> None:
        assert not dead_versions_used([dead(HOUR, refused=0)], POLICIES)

    @given(st.timedeltas(timedelta(), 2 * DAY), st.one_of(st.none(), st.timedeltas(timedelta(), 3 * DAY)))
    def test_an_old_version_is_alerted_when_it_is_used_near_its_end(
        self, passed: timedelta, unused: timedelta | None
    ) -> None:
        now = NOON + passed
        used = None if unused is None else now - unused
        signals = old_versions_near_end([Overlap(CHECKOUT, 7, 3, NOON, NOON + DAY, used)], POLICIES, now)
        near = passed >= DAY - LINES.near_end and unused is not None and unused < LINES.near_end
        assert bool(signals) == (passed >= DAY or near)
        assert all(("overdue" in signal.subject) == (passed >= DAY) for signal in signals)

    def test_a_short_overlap_is_near_its_end_in_its_last_quarter(self) -> None:
        short = Overlap(CHECKOUT, 7, 3, NOON, NOON + HOUR, NOON + 40 * MINUTE)
        assert not old_versions_near_end([short], POLICIES, NOON + 44 * MINUTE)
        assert old_versions_near_end([short], POLICIES, NOON + 46 * MINUTE)

    def test_a_leak_is_critical(self) -> None:
        (leak,) = leaks([LeakedVersion(CHECKOUT, 3)])
        assert (leak.kind, leak.severity, leak.subject) == (AlertKind.LEAK, Severity.CRITICAL, "v3 of k1")

    @given(st.timedeltas(timedelta(), 3 * DAY), st.timedeltas(timedelta(), 3 * DAY))
    def test_a_caller_is_new_for_a_day_and_not_in_the_keys_first(self, late: timedelta, ago: timedelta) -> None:
        now = NOON + 10 * DAY
        caller = CallerOfSensitive(CHECKOUT, "10.0.0.7 curl", now - ago, now - ago - late)
        expected = late >= LINES.new_caller_after and ago < LINES.new_caller_shown
        assert bool(new_callers([caller], POLICIES, now)) == expected


def route(accepted: int, before: int, covered: bool = True) -> RouteSince:
    return RouteSince(CHECKOUT, "/bookings/*", "v3 was retired", NOON, 3, accepted, before, 7, covered)


class TestRoutes:
    def test_a_route_that_lost_more_than_half_of_its_traffic_is_not_back(self) -> None:
        (signal,) = routes_not_back([route(490, 1000)], POLICIES)
        assert (signal.subject, signal.rotation_id) == ("k1 /bookings/*", 7)
        assert not routes_not_back([route(500, 1000)], POLICIES)

    @given(st.integers(0, LINES.route_requests - 1), st.integers(0, 1000))
    def test_a_route_with_too_little_traffic_is_not_judged(self, before: int, accepted: int) -> None:
        assert not routes_not_back([route(accepted, before)], POLICIES)

    @given(st.integers(0, 10**6), st.integers(0, 10**6))
    def test_traffic_that_is_back_is_no_alert(self, before: int, more: int) -> None:
        assert not routes_not_back([route(before + more, before)], POLICIES)

    def test_what_nobody_vouches_for_is_no_loss(self) -> None:
        assert not routes_not_back([route(0, 1000, covered=False)], POLICIES)

    def test_hours_count_once_they_are_full_and_the_grace_is_over(self) -> None:
        grace = timedelta(minutes=30)
        at = NOON + 10 * MINUTE
        assert full_hours_since(at, grace, NOON + 119 * MINUTE) is None
        assert full_hours_since(at, grace, NOON + 120 * MINUTE) == (NOON + HOUR, NOON + 2 * HOUR)
        assert full_hours_since(at, grace, NOON + 9.5 * HOUR) == (NOON + 6 * HOUR, NOON + 9 * HOUR)


def lot(total: int) -> lifetimes.Lot:
    keys = tuple(lifetimes.Dated(KeyName(f"k{n}", f"key-{n}", "production"), 1, NOON) for n in range(total))
    return lifetimes.Lot("production", total, keys[:MOST_SINGLE])


class TestLifetimes:
    @pytest.mark.parametrize(
        "detect", [lifetimes.rotations_due, lifetimes.expiring, lifetimes.expired, lifetimes.idle, lifetimes.stale]
    )
    def test_few_keys_are_told_one_by_one_and_many_as_one(
        self, detect: Callable[[list[lifetimes.Lot]], tuple[Signal, ...]]
    ) -> None:
        assert [signal.key_id for signal in detect([lot(2)])] == ["k0", "k1"]
        assert len(detect([lot(MOST_SINGLE)])) == MOST_SINGLE
        (together,) = detect([lot(MOST_SINGLE + 1)])
        (more,) = detect([replace(lot(MOST_SINGLE + 1), total=10_000)])
        assert (together.count, more.count) == (MOST_SINGLE + 1, 10_000)
        assert together.subject == more.subject
        assert "10,000" in more.detail

    def test_stages_are_alerts_of_their_own(self) -> None:
        subjects = {detect([lot(1)])[0].subject for detect in (lifetimes.expiring, lifetimes.expired)}
        subjects |= {detect([lot(1)])[0].subject for detect in (lifetimes.idle, lifetimes.stale)}
        assert len(subjects) == 4
