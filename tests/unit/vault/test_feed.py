"""What a flush becomes in the vault: minutes, callers, the last use, and the gaps that it confesses."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from unittest.mock import Mock

import pytest

from keytui.domain.errors import Invalid
from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan, Rotation
from keytui.domain.text import harmless
from keytui.domain.usage import MOST_ROUTES, OTHER_CALLERS, OTHER_ROUTES, Caller, Flush, RouteUse, Use
from keytui.domain.verdict import Verdict
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.usage.callers import MOST_CALLERS
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from keytui.vault.profile import Profile
from keytui.verify.recorder import MOST_REFUSALS, UsageRecorder
from tests.world import NOON, StoppedClock

SECOND = timedelta(seconds=1)


@pytest.fixture
def feed(profile: Profile, clock: StoppedClock) -> Iterator[LocalFeed]:
    feed = LocalFeed.open(profile, clock)
    feed.register("r1", "api-1", "api-host", 1)
    yield feed
    feed.close()


@pytest.fixture
def issued(vault: LocalVault) -> Issued:
    return vault.create(KeyDraft("checkout-api", "production"), "create")


@pytest.fixture
def rotation(vault: LocalVault, issued: Issued) -> Rotation:
    """Handed over."""
    rotation = vault.plan(issued.key.id, Plan(), "rotate")
    return vault.prove(rotation.id, vault.issue(rotation.id).secret)


def use(issued: Issued, seconds: int = 0, accepted: int = 1, caller: str = "web-1") -> Use:
    at = NOON + SECOND * seconds
    return Use(issued.key.id, 1, Caller.called(caller), NOON, at, at, accepted)


def gaps_of(vault: LocalVault, rotation: Rotation) -> list[str]:
    reasons = vault.verdict(rotation.id).reasons
    return [reason.subject for reason in reasons if reason.subject.startswith("gap: ")]


def test_two_flushes_add_up_and_a_repeated_one_changes_nothing(
    feed: LocalFeed, vault: LocalVault, issued: Issued
) -> None:
    first = Flush("r1", 1, NOON + SECOND, (use(issued),))
    feed.record(first)
    feed.record(first)
    feed.record(Flush("r1", 2, NOON + SECOND * 9, (use(issued, 8, 2),)))

    (caller,) = vault.callers(issued.key.id)
    assert (caller.accepted, caller.longest_gap) == (3, SECOND * 8)
    assert vault.detail(issued.key.id).summary.last_used_at == NOON + SECOND * 8
    assert vault.usage(issued.key.id, NOON, 1)[0].accepted == 3


def test_a_probe_is_not_use(feed: LocalFeed, vault: LocalVault, issued: Issued) -> None:
    feed.record(Flush("r1", 1, NOON, (replace(use(issued), probe=True),)))

    assert vault.callers(issued.key.id) == ()
    assert vault.detail(issued.key.id).summary.last_used_at is None


def test_callers_beyond_the_most_are_counted_together(feed: LocalFeed, vault: LocalVault, issued: Issued) -> None:
    feed.record(Flush("r1", 1, NOON, tuple(use(issued, caller=f"web-{n}") for n in range(MOST_CALLERS + 5))))

    callers = {found.caller: found.accepted for found in vault.callers(issued.key.id)}
    assert len(callers) == MOST_CALLERS + 1
    assert callers[OTHER_CALLERS] == 5


@pytest.mark.parametrize("name", ["a\x00b", "\ud800", "line\nline", 'q"uo\\te', "\U0001f600"])
def test_no_name_can_stop_a_flush(feed: LocalFeed, vault: LocalVault, issued: Issued, name: str) -> None:
    routes = (RouteUse(issued.key.id, f"/{name}", NOON, 1),)
    for sequence in (1, 2):
        feed.record(Flush("r1", sequence, NOON, (use(issued, caller=name),), routes=routes))

    (caller,) = vault.callers(issued.key.id)
    assert (caller.caller.name, caller.accepted) == (harmless(name), 2)


def test_losses_are_gaps(feed: LocalFeed, vault: LocalVault, rotation: Rotation) -> None:
    feed.record(Flush("r1", 1, NOON))
    assert gaps_of(vault, rotation) == []
    feed.record(Flush("r1", 4, NOON + SECOND, dropped=7))
    feed.record(Flush("r1", 5, NOON + SECOND * 90, closing=True))

    kinds = " ".join(gaps_of(vault, rotation))
    assert "flush missing" in kinds
    assert "(2)" in kinds
    assert "events dropped" in kinds
    assert "(7)" in kinds
    assert "recorder silent" in kinds


def test_usage_that_was_refused_for_good_is_a_gap_and_the_next_arrives(
    feed: LocalFeed, vault: LocalVault, issued: Issued, rotation: Rotation, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = UsageRecorder(feed, "api-2", lambda: NOON + SECOND)
    assert recorder.flush()
    with monkeypatch.context() as patch:
        patch.setattr(feed, "record", Mock(side_effect=Invalid("the vault has no such thing")))
        recorder.note(issued.key.id, 1, Caller.called("web-1"), NOON, accepted=True, probe=False)
        assert not any(recorder.flush() for _ in range(MOST_REFUSALS))
    recorder.note(issued.key.id, 1, Caller.called("web-2"), NOON, accepted=True, probe=False)
    assert recorder.flush()

    assert [found.caller.name for found in vault.callers(issued.key.id)] == ["web-2"]
    assert any("recorder api-2" in gap and "flush missing" in gap for gap in gaps_of(vault, rotation))
    assert vault.verdict(rotation.id).verdict is not Verdict.SAFE


def test_a_recorder_that_the_vault_forgot_is_taken_back_with_a_gap(
    feed: LocalFeed, vault: LocalVault, rotation: Rotation
) -> None:
    feed.record(Flush("restored", 9, NOON))

    assert any("flush missing" in gap for gap in gaps_of(vault, rotation))


def test_routes_beyond_the_most_are_counted_together(feed: LocalFeed, issued: Issued, profile: Profile) -> None:
    for sequence, first in enumerate((0, 100, 150), start=1):
        routes = tuple(RouteUse(issued.key.id, f"/page-{number}", NOON, 1) for number in range(first, first + 100))
        feed.record(Flush("r1", sequence, NOON, routes=routes))

    with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
        counted = database.execute(
            "SELECT routes.route, accepted FROM route_usage u JOIN routes ON routes.id = u.route WHERE grain = 60"
        ).fetchall()
    assert len(counted) == MOST_ROUTES + 1
    assert (OTHER_ROUTES, 50) in counted
    assert sum(accepted for _, accepted in counted) == 300
