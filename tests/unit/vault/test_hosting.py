"""What the processes of a server ask of their vault, however much there is."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

from keytui.clock import utc_now
from keytui.domain.keys import KeyDraft
from keytui.domain.usage import Caller, Flush, Use
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.world import StoppedClock

MANY = 70_000
"""More than PostgreSQL takes as parameters of one statement."""


def test_the_tenants_of_many_keys_are_told_at_once(on_either: Profile) -> None:
    with closing(LocalVault.open(on_either)) as vault:
        own = {
            vault.create(KeyDraft("checkout", "production", tenant=tenant), f"of {tenant}").key.id: tenant
            for tenant in ("", "blue")
        }
        asked = [f"{number:016d}" for number in range(MANY)]
        assert vault.tenants_of([*own, *asked]) == own


def test_when_a_tenants_keys_were_last_asked_with(on_either: Profile) -> None:
    now = utc_now()
    minute = now.replace(second=0, microsecond=0)
    with closing(LocalVault.open(on_either)) as vault, closing(LocalFeed.open(on_either)) as feed:
        blue, red = (
            vault.create(KeyDraft("checkout", "production", tenant=each), each).key for each in ("blue", "red")
        )
        probed = Use(red.id, 1, Caller.called("web"), minute, now, now, 1, probe=True)
        feed.register("r1", "api", "here", 1)
        feed.record(Flush("r1", 1, now, (Use(blue.id, 1, Caller.called("web"), minute, now, now, 1), probed)))

        assert vault.last_used(minute) == {"blue": now}
        assert vault.last_used(minute + timedelta(minutes=1)) == {}
        assert vault.flushed_at([None, "blue", "red"]) == {None: now, "blue": now, "red": now}


def test_a_job_that_was_taken_by_a_clock_that_was_ahead_is_free_after_its_own_length(
    vault: LocalVault, clock: StoppedClock
) -> None:
    year, minute = timedelta(days=365), timedelta(minutes=1)
    clock.advance(year)
    assert vault.hold_job("alerts", "one that dies", minute)
    clock.advance(-year)
    assert not vault.hold_job("alerts", "the next", minute), "it may be at work"
    clock.advance(minute)
    assert vault.hold_job("alerts", "the next", minute)
