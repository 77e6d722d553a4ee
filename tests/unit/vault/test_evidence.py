"""The recorders' evidence, up to the verdict: a clean story is SAFE, and each thing that is amiss in it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan
from keytui.domain.usage import Caller, Flush, Use
from keytui.domain.verdict import Verdict
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.world import StoppedClock

HOURS = timedelta(hours=1)
WEB = Caller.called("web-1")


class Story:
    """A key that one caller uses every four hours: a day on the old version, three and a half on the new."""

    def __init__(self, vault: LocalVault, feed: LocalFeed, clock: StoppedClock) -> None:
        self.vault, self.feed, self.clock = vault, feed, clock
        self.key_id = vault.create(KeyDraft("checkout-api", "production"), "create").key.id
        self._recorders = 0

    def begin(self, name: str = "api-1") -> str:
        """A recorder that starts now."""
        self._recorders += 1
        self.feed.register(f"{name}/{self._recorders}", name, "api-host", 1)
        return f"{name}/{self._recorders}"

    def visit(self, version: int, caller: Caller = WEB, accepted: int = 1, refused: int = 0) -> None:
        """Requests now, by way of a service that ends cleanly."""
        now = self.clock()
        use = Use(self.key_id, version, caller, now, now, now, accepted, refused)
        self.feed.record(Flush(self.begin(), 1, now, (use,), closing=True))

    def told(self, amiss: Callable[[Story], None]) -> Verdict:
        """The whole story, with what is amiss in the last day; the verdict at its end."""
        self.feed.record(Flush(self.begin("api-2"), 1, self.clock(), closing=True))
        for _ in range(6):
            self.visit(1)
            self.clock.advance(4 * HOURS)
        rotation = self.vault.plan(self.key_id, Plan(), "rotate")
        self.vault.prove(rotation.id, self.vault.issue(rotation.id).secret)
        for number in range(20):
            self.visit(2)
            if number == 17:
                amiss(self)
            self.clock.advance(4 * HOURS)
        self.visit(2)
        self.feed.record(Flush(self.begin(), 1, self.clock()))
        return self.vault.verdict(rotation.id).verdict


def nothing(story: Story) -> None:
    """All is well."""


def killed(story: Story) -> None:
    story.feed.record(Flush(story.begin(), 1, story.clock()))


def killed_and_gone(story: Story) -> None:
    story.feed.record(Flush(story.begin("api-2"), 1, story.clock()))


def another_service_begins_to_record(story: Story) -> None:
    story.feed.record(Flush(story.begin("worker"), 1, story.clock(), closing=True))


def killed_with_a_clock_that_was_ahead(story: Story) -> None:
    story.feed.record(Flush(story.begin("api-2"), 1, story.clock() + 240 * HOURS))


def clock_set_back_and_ended(story: Story) -> None:
    story.feed.record(Flush(story.begin("api-2"), 1, story.clock() - 240 * HOURS, closing=True))


def dropped(story: Story) -> None:
    story.feed.record(Flush(story.begin(), 1, story.clock(), dropped=1, closing=True))


def flush_lost(story: Story) -> None:
    story.feed.record(Flush(story.begin(), 2, story.clock(), closing=True))


def another_caller_on_the_old_version(story: Story) -> None:
    story.visit(1, Caller.called("nightly-report"))


def refusals(story: Story) -> None:
    story.visit(2, accepted=0, refused=3)


@pytest.fixture
def story(profile: Profile, vault: LocalVault, clock: StoppedClock) -> Iterator[Story]:
    feed = LocalFeed.open(profile, clock)
    yield Story(vault, feed, clock)
    feed.close()


@pytest.mark.parametrize(
    ("amiss", "verdict"),
    [
        (nothing, Verdict.SAFE),
        (killed, Verdict.UNKNOWN),
        (killed_and_gone, Verdict.UNKNOWN),
        (another_service_begins_to_record, Verdict.UNKNOWN),
        (killed_with_a_clock_that_was_ahead, Verdict.UNKNOWN),
        (clock_set_back_and_ended, Verdict.UNKNOWN),
        (dropped, Verdict.UNKNOWN),
        (flush_lost, Verdict.UNKNOWN),
        (another_caller_on_the_old_version, Verdict.NOT_SAFE),
        (refusals, Verdict.UNKNOWN),
    ],
)
def test_one_thing_amiss_is_enough(story: Story, amiss: Callable[[Story], None], verdict: Verdict) -> None:
    assert story.told(amiss) is verdict


def test_a_finding_names_the_recorder_that_saw_the_last_use(story: Story) -> None:
    story.feed.record(Flush(story.begin("api-2"), 1, story.clock()))
    for name in ("api-1", "api-2"):
        now = story.clock()
        use = Use(story.key_id, 1, WEB, now, now, now, 1)
        story.feed.record(Flush(story.begin(name), 1, now, (use,)))
        story.clock.advance(timedelta(seconds=1))
    rotation = story.vault.plan(story.key_id, Plan(), "rotate")
    story.vault.prove(rotation.id, story.vault.issue(rotation.id).secret)
    (fresh,) = [found for found in story.vault.verdict(rotation.id).reasons if found.caller == "web-1"]
    assert fresh.source == "recorder api-2"
