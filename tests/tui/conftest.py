"""A fleet of keys in a real local vault, and the console over it, in one time zone and without a blinking cursor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from textual.widgets import Input

from keytui.tui.app import Console
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.contract.acts import DAY, HOUR, Reporter, created, handed_over, use
from tests.world import StoppedClock


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
def fleet(vault: LocalVault, profile: Profile, clock: StoppedClock) -> LocalVault:
    """Seven keys as they come: old and new, used and not, owned and not, one disabled, one rotating, one hostile."""
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
    reporter = Reporter(LocalFeed.open(profile))
    for hour in range(20, -1, -1):
        caller = ("web-1", "web-2", "mobile-bff", "10.0.3.7")[hour % 4]
        reporter.flush(
            clock(), use(checkout.key.id, 1, clock() - hour * HOUR, caller, accepted=40 - hour, refused=hour % 2)
        )
    clock.advance(timedelta(minutes=2))
    return vault


@pytest.fixture
def console(vault: LocalVault, profile: Profile, clock: StoppedClock) -> Console:
    """The console over the vault, as it was seeded."""
    return Console(lambda _: vault, profile, clock)


@pytest.fixture
def read_only_console(profile: Profile, clock: StoppedClock) -> Callable[[], Console]:
    """The console on the same vault, opened as a production profile is."""
    armed_by_name = Profile(profile.name, profile.directory, profile.actor, read_only=True)
    return lambda: Console(lambda opened: LocalVault.open(opened, clock), armed_by_name, clock)
