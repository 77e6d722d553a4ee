"""A fleet of keys in a real local vault, and the console over it, in one time zone and without a blinking cursor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Input

from keytui.domain.audit import Actor
from keytui.tui.app import Console
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.contract.acts import DAY, HOUR, Reporter, created, handed_over, use
from tests.tui.looks import LookFile
from tests.tui.parsed_once import styles_parsed_once
from tests.world import StoppedClock, repeatable_randomness


@pytest.fixture(scope="session", autouse=True)
def _styles_parsed_once() -> Iterator[None]:
    with styles_parsed_once():
        yield


@pytest.fixture(autouse=True)
def one_hour_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is not UTC, so that a mix-up shows; and no cursor blinks into a snapshot."""
    monkeypatch.setenv("TZ", "EAST-1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(Input, "cursor_blink", False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def looks(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """What a `look_of` is compared with: a text file. `--snapshot-update` accepts what changed, after a look."""
    return snapshot.use_extension(LookFile)


@dataclass(frozen=True, slots=True)
class Seeded:
    """A closed vault to copy, and the time that it was seeded up to."""

    directory: Path
    now: datetime


@pytest.fixture(scope="session")
def fleet_to_copy(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    """Seven keys as they come: old and new, used and not, owned and not, one disabled, one rotating, one hostile."""
    profile = Profile("test", tmp_path_factory.mktemp("fleet") / "vault", Actor("ada", "bastion-2"))
    clock = StoppedClock()
    vault = LocalVault.open(profile, clock=clock, randomness=repeatable_randomness())
    feed = LocalFeed.open(profile)
    seed(vault, feed, clock)
    feed.close()
    vault.close()
    return Seeded(profile.directory, clock())


@pytest.fixture
def vault(request: pytest.FixtureRequest, profile: Profile, clock: StoppedClock) -> Iterator[LocalVault]:
    """An empty vault, or a copy of the fleet for a test that asks for it: seeding one takes longer than most tests."""
    randomness = repeatable_randomness()
    if "fleet" in request.fixturenames:
        seeded: Seeded = request.getfixturevalue("fleet_to_copy")
        copytree(seeded.directory, profile.directory)
        clock.now = seeded.now
        randomness = repeatable_randomness(2)
    opened = LocalVault.open(profile, clock=clock, randomness=randomness)
    yield opened
    opened.close()


@pytest.fixture
def fleet(vault: LocalVault) -> LocalVault:
    """The vault with the keys of `fleet_to_copy`."""
    return vault


def seed(vault: LocalVault, feed: LocalFeed, clock: StoppedClock) -> None:
    """Let the keys of the fleet come and be used, up to now."""
    clock.advance(-400 * DAY)
    created(vault, "partner-export", owner="data", scopes=("*",))
    clock.advance(280 * DAY)
    checkout = created(
        vault, "checkout-api", owner="payments", scopes=("bookings:read", "bookings:write"), apps=("web", "mobile-bff")
    )
    created(vault, "legacy-crm")
    created(vault, "[red]x[/red] [/x]", "staging", owner="[/x]")
    clock.advance(110 * DAY)
    deploy = created(vault, "ci-deploy", owner="platform", expires_at=clock() + 20 * DAY)
    indexer = created(vault, "search-indexer", "development", owner="search")
    created(vault, "日本語の鍵", "staging", owner="i18n")
    clock.advance(9 * DAY + 13 * HOUR)
    handed_over(vault, deploy.key.id)
    vault.disable(indexer.key.id, "replaced by the new indexer")
    clock.advance(11 * HOUR - timedelta(minutes=2))
    reporter = Reporter(feed)
    for hour in range(20, -1, -1):
        caller = ("web-1", "web-2", "mobile-bff", "10.0.3.7")[hour % 4]
        reporter.flush(
            clock(), use(checkout.key.id, 1, clock() - hour * HOUR, caller, accepted=40 - hour, refused=hour % 2)
        )
    clock.advance(timedelta(minutes=2))


@pytest.fixture
def console(vault: LocalVault, profile: Profile, clock: StoppedClock) -> Console:
    """The console over the vault, as it was seeded and as a test left it."""
    return Console(lambda _: tended(vault), profile, clock)


def tended(vault: LocalVault) -> LocalVault:
    """The vault, once it has looked for alerts: they stand in the status line from the first frame on."""
    vault.tend()
    return vault


@pytest.fixture
def read_only_console(profile: Profile, clock: StoppedClock) -> Callable[[], Console]:
    """The console on the same vault, opened as a production profile is."""
    armed_by_name = Profile(profile.name, profile.directory, profile.actor, read_only=True)
    return lambda: Console(lambda opened: LocalVault.open(opened, clock), armed_by_name, clock)
