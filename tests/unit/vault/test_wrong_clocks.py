"""Recorders whose clock is wrong: nothing they say of when requests came is believed, for as long as it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from keytui.domain.rotation import Plan
from keytui.domain.usage import Flush, Use
from keytui.domain.verdict import Finding, Verdict
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.unit.vault.test_evidence import HOURS, WEB, Story
from tests.world import StoppedClock


@pytest.fixture
def story(profile: Profile, vault: LocalVault, clock: StoppedClock) -> Iterator[Story]:
    feed = LocalFeed.open(profile, clock, silent_for=5 * HOURS)
    yield Story(vault, feed, clock)
    feed.close()


def told(story: Story, off: timedelta, until: int) -> list[Finding]:
    """108 hours by a recorder that is right, and by one that is `off` from the first day on, until it ends."""
    right, wrong = story.begin("api-1"), story.begin("api-2")
    rotation_id = 0
    for number in range(1, 28):
        story.clock.advance(4 * HOURS)
        if number == 9:
            rotation = story.vault.plan(story.key_id, Plan(), "rotate")
            rotation_id = story.vault.prove(rotation.id, story.vault.issue(rotation.id).secret).id
        story.visit(1 if number < 9 else 2)
        now = story.clock()
        story.feed.record(Flush(right, number, now))
        if number <= until:
            story.feed.record(Flush(wrong, number, now + off, closing=number == until))
    return [each for each in story.vault.verdict(rotation_id).reasons if each.verdict is Verdict.UNKNOWN]


@pytest.mark.parametrize("off", [-30 * HOURS, 30 * HOURS])
def test_it_vouches_for_nothing_until_it_ends(story: Story, off: timedelta) -> None:
    found = next(each for each in told(story, off, until=25) if "clock skew" in each.detail)

    assert found.source == "recorder api-2"
    assert found.window.end >= story.clock() - 8 * HOURS


def test_what_a_wrong_clock_told_long_ago_is_no_gap_any_more(story: Story) -> None:
    assert told(story, -30 * HOURS, until=2) == []


def test_a_flush_that_was_kept_while_its_vault_was_away_is_no_wrong_clock(story: Story) -> None:
    recorder = story.begin("api-2")
    taken = story.clock()
    story.feed.record(Flush(recorder, 1, taken))
    story.clock.advance(9 * HOURS)
    story.feed.record(Flush(recorder, 2, taken + HOURS))
    story.feed.record(Flush(recorder, 3, story.clock()))

    gaps = next(source.gaps for source in story.vault.sources() if source.name == "recorder api-2")
    assert [gap.kind.value for gap in gaps] == ["recorder silent"]


def test_a_service_that_ran_while_its_hosts_clock_was_set_back_is_not_believed(story: Story) -> None:
    for _ in range(12):
        story.visit(1)
        story.clock.advance(4 * HOURS)
    rotation = story.vault.plan(story.key_id, Plan(), "rotate")
    story.vault.prove(rotation.id, story.vault.issue(rotation.id).secret)
    for _ in range(9):
        story.visit(2)
        story.clock.advance(4 * HOURS)
    story.clock.advance(-34 * HOURS)
    behind = story.begin("api-2")
    now = story.clock()
    use = Use(story.key_id, 1, WEB, now, now, now, accepted=1)
    story.feed.record(Flush(behind, 1, now, (use,), closing=True))
    story.clock.advance(34 * HOURS)
    story.visit(2)
    story.visit(2)

    found = story.vault.verdict(rotation.id)
    assert found.verdict is not Verdict.SAFE
    assert any("clock skew" in each.detail for each in found.reasons)


def test_a_clock_that_jumps_a_year_and_back_never_makes_it_safe(story: Story) -> None:
    for _ in range(12):
        story.visit(1)
        story.clock.advance(4 * HOURS)
    rotation = story.vault.plan(story.key_id, Plan(), "rotate")
    story.vault.prove(rotation.id, story.vault.issue(rotation.id).secret)
    story.visit(1)
    for jump in (timedelta(days=365), timedelta(days=-365), -HOURS, HOURS):
        story.clock.advance(jump)
        assert story.vault.verdict(rotation.id).verdict is not Verdict.SAFE
        story.visit(2)
        assert story.vault.verdict(rotation.id).verdict is not Verdict.SAFE
