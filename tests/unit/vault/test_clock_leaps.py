"""The clock jumps by a year under what runs: nothing is deleted by it, nothing waits for the year to pass."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

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
RIGHT, BEHIND = timedelta(), timedelta(days=-3000)

LIVES: Final[dict[str, tuple[list[tuple[timedelta, timedelta]], int]]] = {
    "ahead for an hour, then right": ([(HOUR, YEARS), (2 * HOUR, YEARS), (3 * HOUR, RIGHT), (3 * DAY, RIGHT)], 60),
    "behind once, then right": ([(3 * DAY, BEHIND), (3 * DAY, RIGHT)], 60),
    "behind again and again for weeks": ([(n * DAY, off) for n in range(6, 43, 6) for off in (BEHIND, RIGHT)], 1440),
    "behind by hours once a day": ([(n * DAY, off) for n in (1, 2, 3) for off in (-5 * HOUR, RIGHT)], 60),
    "left alone for 3 months": ([(85 * DAY, RIGHT), (86 * DAY, RIGHT)], 1440),
    "left alone, and behind meanwhile": ([(85 * DAY, RIGHT), (85 * DAY + HOUR, BEHIND), (86 * DAY, RIGHT)], 1440),
    "left alone, and not yet for a day": ([(85 * DAY, RIGHT), (86 * DAY - HOUR, RIGHT)], 1),
}
"""When a clock is looked at, by the right time, and how far it is off; and the grain of the first use after that."""


class Site:
    """A vault in use: a console tends it, a service tells it of one request by the minute, from an address."""

    def __init__(self, profile: Profile, vault: LocalVault, clock: StoppedClock) -> None:
        self.vault = vault
        self.clock = clock
        self.key_id = vault.create(KeyDraft("checkout", "production"), "one").key.id
        self.feed = LocalFeed.open(profile, clock)
        self.feed.register("r1", "api", "host", 1)
        self._sequence = 0
        self._caller = Caller.undeclared("203.0.113.9", "curl")
        self.used()

    def used(self) -> None:
        """Seven requests at the clock's time."""
        at = self.clock()
        self.lived((Use(self.key_id, 1, self._caller, at, at, at, accepted=7),))

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


@pytest.mark.parametrize("life", LIVES)
def test_usage_ages_by_the_right_clock_whatever_was_seen_before(site: Site, life: str) -> None:
    looks, grain = LIVES[life]
    for real, off in looks:
        site.clock.now = NOON + real + off
        site.lived()
    assert (site.kept(), site.addresses, site.off) == ([(grain, 7)], {"203.0.113.9"}, timedelta())


@pytest.mark.parametrize("noted", [True, False], ids=["believed", "never noted"])
def test_entries_of_next_year_keep_nothing_for_the_year(site: Site, noted: bool) -> None:
    for _ in range(3):
        site.clock.advance(YEARS if site.clock() == NOON else CONFIRMED)
        site.lived()
    assert site.kept() == []
    if not noted:
        with site.vault._ground.database.writing() as session:
            session.connection().execute(text("DELETE FROM looks"))

    site.clock.now = NOON + DAY
    site.used()
    assert site.kept() == [(1, 7)]
    site.clock.advance(3 * DAY)
    site.lived()
    assert (site.kept(), site.off) == ([(60, 7)], timedelta())
