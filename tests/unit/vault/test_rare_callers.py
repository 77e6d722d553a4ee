"""Callers that come rarely, in the recorders' evidence: by what rate they are known, and what SAFE says of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from keytui.domain.rotation import Plan
from keytui.domain.usage import Caller, Flush
from keytui.domain.verdict import Assessment, Verdict
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.unit.vault.test_evidence import HOURS, WEB, Story
from tests.world import StoppedClock

WEEK = 168 * HOURS


@pytest.fixture
def story(profile: Profile, vault: LocalVault, clock: StoppedClock) -> Iterator[Story]:
    feed = LocalFeed.open(profile, clock)
    yield Story(vault, feed, clock)
    feed.close()


def five_weeks(story: Story, caller: Caller) -> Assessment:
    """A weekly job: three times on the old version, lastly two hours before the hand-over, then twice on the new."""
    story.visit(1, caller)
    for _ in range(2):
        story.clock.advance(WEEK)
        story.visit(1, caller)
    story.clock.advance(2 * HOURS)
    rotation = story.vault.plan(story.key_id, Plan(), "rotate")
    story.vault.prove(rotation.id, story.vault.issue(rotation.id).secret)
    for pause in (WEEK - 2 * HOURS, WEEK):
        story.clock.advance(pause)
        story.visit(2, caller)
    story.clock.advance(3 * HOURS)
    story.feed.record(Flush(story.begin(), 1, story.clock()))
    return story.vault.verdict(rotation.id)


def test_a_weekly_job_that_came_on_the_day_of_the_hand_over_is_no_daily_one(story: Story) -> None:
    assert five_weeks(story, WEB).verdict is Verdict.SAFE


def test_safe_says_how_rare_a_program_without_a_name_would_escape_it(story: Story) -> None:
    assumption = five_weeks(story, Caller.undeclared("10.0.0.1", "curl/8")).assumption

    assert "less often than every 28 d 3 h, and has not come since" in assumption
    assert "less often than every 14 d 3 h behind a caller that declares no name" in assumption
