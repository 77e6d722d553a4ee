"""The clock jumps by a year under what runs: nothing is deleted by it, nothing waits for the year to pass."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from keytui.domain.keys import KeyDraft
from keytui.domain.usage import Caller, Flush, Use
from keytui.vault.local.clock_leaps import CONFIRMED, LEAP
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.world import NOON, StoppedClock

HOUR, DAY, YEARS = timedelta(hours=1), timedelta(days=1), timedelta(days=3 * 365)


class Site:
    """A vault in use: a console tends it, a service tells it of one request by the minute, from an address."""

    def __init__(self, profile: Profile, vault: LocalVault, clock: StoppedClock) -> None:
        self.vault = vault
        self.clock = clock
        self.key_id = vault.create(KeyDraft("checkout", "production"), "one").key.id
        self.feed = LocalFeed.open(profile, clock)
        self.feed.register("r1", "api", "host", 1)
        self._sequence = 0
        caller = Caller.undeclared("203.0.113.9", "curl")
        self.lived((Use(self.key_id, 1, caller, NOON, NOON, NOON, accepted=7),))

    def lived(self, uses: tuple[Use, ...] = ()) -> None:
        """A flush, a look for alerts, and an entry in the log, at the clock's time."""
        self._sequence += 1
        self.feed.record(Flush("r1", self._sequence, self.clock(), uses))
        self.vault.tend()
        self.vault.note_copied(self.key_id, 1, "OSC 52")

    def kept(self) -> list[tuple[int, int]]:
        """Grain and requests of what is stored of its use."""
        with self.vault._ground.database.reading() as session:
            rows = session.connection().execute(text("SELECT grain, accepted FROM usage WHERE accepted > 0"))
            return [(grain, accepted) for grain, accepted in rows]

    @property
    def addresses(self) -> set[str]:
        return {caller.caller.address for caller in self.vault.detail(self.key_id).callers}

    @property
    def off(self) -> timedelta:
        return self.vault.standing().clock_off


@pytest.fixture
def site(profile: Profile, vault: LocalVault, clock: StoppedClock) -> Iterator[Site]:
    made = Site(profile, vault, clock)
    yield made
    made.feed.close()


def test_years_ahead_for_hours_delete_nothing_and_are_said(site: Site) -> None:
    assert site.off == timedelta()
    site.clock.advance(YEARS)
    for _ in range(5):
        site.clock.advance(HOUR)
        site.lived()
        assert site.off == YEARS + (site.clock() - NOON - YEARS)
    assert (site.kept(), site.addresses) == ([(1, 7)], {"203.0.113.9"})

    site.clock.advance(-YEARS)
    assert site.off == -YEARS, "the log has entries of later"
    site.lived()
    assert (site.kept(), site.addresses) == ([(1, 7)], {"203.0.113.9"})


def test_a_clock_that_stays_there_for_a_day_is_right(site: Site) -> None:
    """As of a vault that nobody has used for so long."""
    site.clock.advance(YEARS)
    site.lived()
    site.clock.advance(CONFIRMED - HOUR)
    site.lived()
    assert site.kept() == [(1, 7)]
    site.clock.advance(HOUR)
    site.lived()
    assert (site.kept(), site.addresses, site.off) == ([], {""}, timedelta())


def test_leaps_that_are_set_right_between_never_add_up_to_a_day(site: Site) -> None:
    for _ in range(3):
        for leap in (YEARS, 20 * HOUR - YEARS):
            site.clock.advance(leap)
            site.lived()
    assert [accepted for _, accepted in site.kept()] == [7]


def test_usage_of_a_vault_in_use_ages_as_ever(site: Site) -> None:
    for _ in range(4):
        site.clock.advance(LEAP - DAY)
        site.lived()
    assert (site.kept(), site.off) == ([(1440, 7)], timedelta())


def test_hours_back_are_said_until_the_log_is_of_before(site: Site) -> None:
    site.clock.advance(-HOUR)
    assert site.off == -HOUR
    site.clock.advance(HOUR)
    assert site.off == timedelta()
