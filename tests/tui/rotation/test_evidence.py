"""The wizard over evidence: what recorders and a real verifier reported decides which question it asks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from textual.widgets import Input, OptionList, Static

from keytui.domain.keys import KeyDraft
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller
from keytui.tui.app import Console
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from keytui.vault.profile import Profile
from keytui.verify.verifier import Verifier
from tests.contract.acts import LEFT, handed_over
from tests.tui.rotation.days import days_of
from tests.tui.rotation.walking import confirm, hand_over, said, until, until_handled, until_said, wizard
from tests.world import StoppedClock

SIZE = (120, 36)


@pytest.fixture
def key(vault: LocalVault) -> Issued:
    """A key that names no consumers."""
    return vault.create(KeyDraft("checkout-api", "production", owner="payments"), "first")


async def test_safe_asks_plainly_and_says_what_it_rests_on(
    console: Console, vault: LocalVault, key: Issued, profile: Profile, clock: StoppedClock
) -> None:
    key_id = key.key.id
    with days_of(profile, clock) as days:
        days.pass_(26, key_id, web=1, worker=1)
        handed_over(vault, key_id)
        days.pass_(LEFT, key_id, web=2, worker=2)
        async with console.run_test(size=SIZE) as pilot:
            await wizard(pilot, rotation_id=1)
            await until_said(pilot, "✓ SAFE", "✓ web", "✓ worker", "has moved", "assumes")
            await pilot.press("T")
            await until_said(pilot, "Retire v1 of checkout-api?")
            assert "type checkout-api" not in said(pilot)
            await confirm(pilot)
            await until_said(pilot, "● 5 Retire", "? UNKNOWN  to complete")
            days.pass_(2, key_id, web=2, worker=2)
            await until_said(pilot, "✓ SAFE  to complete", "watched for 2 h 0 m")
            await pilot.press("C")
            await until_said(pilot, "for good?")
            assert "type checkout-api" not in said(pilot)
            await confirm(pilot)
            await until_said(pilot, "● 6 Proof", "✓ new v2 was accepted")


async def test_the_verdict_follows_the_traffic_while_the_wizard_is_open(
    console: Console, vault: LocalVault, key: Issued, profile: Profile, clock: StoppedClock
) -> None:
    key_id = key.key.id
    with days_of(profile, clock) as days:
        days.pass_(26, key_id, web=1)
        handed_over(vault, key_id)
        days.pass_(LEFT, key_id, web=2)
        async with console.run_test(size=SIZE) as pilot:
            await wizard(pilot, rotation_id=1)
            await until_said(pilot, "✓ SAFE")
            days.meet(key_id, 1, Caller.undeclared("10.0.3.7", "python-httpx/0.28"), 3)
            await until_said(pilot, "✗ NOT SAFE", "✗ 10.0.3.7 python-httpx/0.28", "still on the old version")


async def test_a_reason_is_waived_by_its_name_with_a_why(
    console: Console, vault: LocalVault, profile: Profile, clock: StoppedClock
) -> None:
    key = vault.create(KeyDraft("checkout-api", "production", apps=("nightly",)), "first")
    key_id = key.key.id
    with days_of(profile, clock) as days:
        days.pass_(26, key_id, web=1)
        handed_over(vault, key_id)
        days.pass_(LEFT, key_id, web=2)
        async with console.run_test(size=SIZE) as pilot:
            await wizard(pilot, rotation_id=1)
            await until_said(pilot, "? UNKNOWN", "nightly is named as a consumer", "(w)")
            await pilot.press("w")
            await until_said(pilot, "Which of these may be set aside?", "nightly")
            pilot.app.screen.query_one(OptionList).highlighted = 0
            pilot.app.screen.query_one("#why", Input).value = "switched off last year"
            await confirm(pilot)
            await until_said(pilot, "✓ SAFE", "waived by ada@bastion-2")
    assert vault.rotation(1).rotation.waivers[0].why == "switched off last year"


async def test_a_real_verifier_takes_the_change_in_and_the_proof_names_it(
    console: Console, vault: LocalVault, key: Issued, profile: Profile, clock: StoppedClock
) -> None:
    feed = LocalFeed.open(profile, clock)
    with Verifier(feed, feed, name="api-1", clock=clock, stale_after=timedelta(days=9)) as verifier:
        assert verifier.check(key.secret, caller="web-1").valid
        async with console.run_test(size=SIZE) as pilot:
            await wizard(pilot, key.key.id)
            secret = Secret(await hand_over(pilot))
            await until(pilot, lambda: verifier.check(secret, caller="web-1").valid, "the new version's first use")
            await until_said(pilot, "● 4 Watch", "web-1")
            for act in ("T", "C"):
                await pilot.press(act)
                await confirm(pilot, note="tried by hand", typed="checkout-api")
                await until_said(pilot, {"T": "● 5 Retire", "C": "● 6 Proof"}[act])
            await until_said(pilot, "✓ new v2 was accepted", "✓ api-1 took the change in after")
            assert not verifier.check(key.secret, caller="web-1").valid
    feed.close()


async def test_nothing_is_drawn_again_when_nothing_changed(
    console: Console, vault: LocalVault, key: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_over(vault, key.key.id)
    async with console.run_test(size=SIZE) as pilot:
        screen = await wizard(pilot, rotation_id=1)
        await until_said(pilot, "? UNKNOWN")
        screen.reload()  # what the first look has shown, before it was laid out, is drawn once this one has ended
        await until_handled(pilot)
        drawn: list[object] = []
        monkeypatch.setattr(Static, "update", lambda widget, *_, **__: drawn.append(widget))
        before = screen._turns["wizard"], screen._seconds
        keys = list(screen.query("FooterKey"))
        screen.reload()
        await until(pilot, lambda: screen._seconds > before[1] + 1, "two ticks of the clock")
        assert screen._turns["wizard"] > before[0]
        assert drawn == []
        assert list(screen.query("FooterKey")) == keys
