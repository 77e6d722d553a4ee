"""What is kept of addresses: all, the network, or nothing; for ninety days after their last use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from keytui.domain.keys import KeyDraft
from keytui.domain.ranges import RANGES
from keytui.domain.retention import Addresses, Retention
from keytui.domain.rotation import Plan
from keytui.domain.usage import NO_KEY, OTHER_CALLERS, Caller, Flush, Use
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.world import StoppedClock

DAY = timedelta(days=1)
CURL = Caller.undeclared("192.0.2.7", "curl/8")
WEB = Caller.called("web-1", "192.0.2.8", "httpx")


class Site:
    """A vault, and one recorder that reports to it."""

    def __init__(self, vault: LocalVault, feed: LocalFeed, clock: StoppedClock) -> None:
        self.vault, self._feed, self.clock = vault, feed, clock
        self._sequence = 0
        feed.register("r1", "api-1", "api-host", 1)

    def created(self, name: str = "checkout-api") -> str:
        return self.vault.create(KeyDraft(name, "production"), name).key.id

    def visit(self, key_id: str, *callers: Caller, version: int = 1) -> None:
        now = self.clock()
        self._sequence += 1
        uses = tuple(Use(key_id, version, caller, now, now, now, 1) for caller in callers)
        self._feed.record(Flush("r1", self._sequence, now, uses))

    def scanned(self, *addresses: str) -> None:
        now = self.clock()
        self._sequence += 1
        uses = tuple(Use(NO_KEY, 0, Caller.undeclared(each), now, now, now, refused=1) for each in addresses)
        self._feed.record(Flush("r1", self._sequence, now, uses))

    def refused_from(self) -> set[str]:
        return {each.address for each in self.vault.monitor(RANGES[0], 20).refused_from}

    def callers(self, key_id: str) -> dict[str, Caller]:
        return {found.caller.name: found.caller for found in self.vault.callers(key_id)}


@pytest.fixture
def feed(profile: Profile, clock: StoppedClock) -> Iterator[LocalFeed]:
    feed = LocalFeed.open(profile, clock)
    yield feed
    feed.close()


@pytest.fixture
def site(vault: LocalVault, feed: LocalFeed, clock: StoppedClock) -> Site:
    return Site(vault, feed, clock)


def test_an_address_is_kept_for_ninety_days_after_its_last_use(site: Site) -> None:
    key_id = site.created()
    site.visit(key_id, CURL, WEB)
    site.clock.advance(89 * DAY)
    site.visit(key_id)
    assert site.callers(key_id).keys() == {CURL.name, WEB.name}

    site.clock.advance(2 * DAY)
    site.visit(key_id)

    (number, web) = sorted(site.callers(key_id))
    assert number.startswith("erased-")
    assert site.callers(key_id)[web] == Caller.called("web-1")
    assert sum(found.accepted for found in site.vault.callers(key_id)) == 2


def test_many_are_forgotten_a_hundred_a_minute(site: Site) -> None:
    key_id = site.created()
    site.visit(key_id, *(Caller.undeclared(f"192.0.2.{number}", "curl/8") for number in range(150)))
    site.clock.advance(45 * DAY)
    site.visit(key_id)  # or the clock would have leapt by three months
    site.clock.advance(46 * DAY)
    for left in (50, 0):
        site.visit(key_id)
        assert sum(caller.address != "" for caller in site.callers(key_id).values()) == left
        site.clock.advance(timedelta(minutes=1))


def test_a_history_is_forgotten_whole_or_not_at_all(site: Site) -> None:
    key_id = site.created()
    site.visit(key_id, CURL)
    site.clock.advance(60 * DAY)
    site.visit(key_id, CURL, version=2)
    site.clock.advance(60 * DAY)
    site.visit(key_id)
    assert site.callers(key_id).keys() == {CURL.name}

    site.clock.advance(60 * DAY)
    site.visit(key_id)

    (number,) = site.callers(key_id)
    assert number.startswith("erased-")


def test_nobody_is_forgotten_while_a_rotation_is_open(site: Site) -> None:
    key_id = site.created()
    site.visit(key_id, CURL)
    rotation = site.vault.plan(key_id, Plan(), "plan")
    site.clock.advance(120 * DAY)
    site.visit(key_id)
    assert site.callers(key_id).keys() == {CURL.name}

    site.vault.abandon(rotation.id, "not now")
    site.clock.advance(DAY)
    site.visit(key_id)

    assert CURL.name not in site.callers(key_id)


def test_an_agent_that_calls_itself_like_a_number_is_no_obstacle(site: Site) -> None:
    key_id = site.created()
    site.visit(key_id, CURL)
    for number in range(1, 4):
        site.visit(key_id, Caller.undeclared("", f"erased-{number}"))
    site.clock.advance(45 * DAY)
    site.visit(key_id)  # or the clock would have leapt by three months
    site.clock.advance(46 * DAY)
    site.visit(key_id)

    assert len(site.callers(key_id)) == 4
    assert CURL.name not in site.callers(key_id)


@pytest.mark.parametrize(
    ("addresses", "kept"),
    [
        (Addresses.FULL, {"192.0.2.7 curl/8": "192.0.2.7", "web-1": "192.0.2.8"}),
        (Addresses.TRUNCATED, {"192.0.2.0/24 curl/8": "192.0.2.0/24", "web-1": "192.0.2.0/24"}),
        (Addresses.NONE, {"curl/8": "", "web-1": ""}),
    ],
)
def test_less_is_kept_where_less_is_wanted(
    profile: Profile, vault: LocalVault, clock: StoppedClock, addresses: Addresses, kept: dict[str, str]
) -> None:
    feed = LocalFeed.open(profile, clock, retention=Retention(addresses=addresses))
    site = Site(vault, feed, clock)
    key_id = site.created()
    site.visit(key_id, CURL, WEB, OTHER_CALLERS)

    found = {name: caller.address for name, caller in site.callers(key_id).items()}
    assert found == {**kept, OTHER_CALLERS.name: ""}
    feed.close()


def test_addresses_that_only_tried_make_room_for_the_next_ones(site: Site) -> None:
    site.scanned(*(f"198.51.{high}.{low}" for high in range(5) for low in range(200)))
    site.scanned("203.0.113.9")
    assert "203.0.113.9" not in site.refused_from()

    site.clock.advance(3 * DAY)
    site.scanned()
    site.clock.advance(timedelta(hours=1))
    site.scanned("203.0.113.9")

    assert site.refused_from() == {"203.0.113.9"}
