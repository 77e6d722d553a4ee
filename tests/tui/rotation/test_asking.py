"""The key's own systems are asked in their steps: what they let in is shown as exactly that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from textual.widgets import Input

from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import First, RotationState, Strategy
from keytui.domain.secrets import parse_format
from keytui.issuers.envlist import EnvListIssuer
from keytui.issuers.issuer import Abilities
from keytui.tui.app import Console
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from keytui.vault.profile import Profile
from tests.tui.rotation.site import PROBE, Site, System
from tests.tui.rotation.walking import Walk, choose, confirm, hand_over, issue, said, until_said, wizard
from tests.world import StoppedClock

SIZE = (120, 44)
WHY = "the night job was moved by hand"


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    monkeypatch.setattr("keytui.vault.proving.PAUSE", 0.01)
    monkeypatch.setattr("keytui.vault.proving.WITHIN", timedelta(seconds=0.05))
    with System() as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: System) -> Site:
    site = Site(tmp_path / "home")
    site.write(PROBE.format(url=system.url))
    monkeypatch.setenv("KEYTUI_HOME", str(site.home))
    return site


@pytest.fixture
def key(vault: LocalVault, site: Site) -> Issued:
    made = vault.create(KeyDraft("checkout-api", "production", targets=("web",)), "first")
    site.file("web.env", f"API_KEY={made.secret.reveal()}\n")
    return made


async def watching(pilot: Walk, key: Issued, site: Site) -> None:
    """Delivered, and the overlap begun. No target tells what it held before."""
    await wizard(pilot, key.key.id)
    await until_said(pilot, "✓ probe ready", "it refuses what is no key")
    await issue(pilot)
    await until_said(pilot, "✓ handed over")
    forget_former(site)
    await pilot.press("H")
    await until_said(pilot, "● 4 Watch", "✓ ready, new v2", "accepted after")


def forget_former(site: Site) -> None:
    (site.home / "web.env.API_KEY.before").unlink()


async def retiring(pilot: Walk, key: Issued, site: Site) -> None:
    await watching(pilot, key, site)
    await pilot.press("T")
    await confirm(pilot, note=WHY, typed="checkout-api")
    await until_said(pilot, "● 5 Retire", "○ ready, old v1", "not asked", "o pastes it")


async def paste_old(pilot: Walk, key: Issued) -> None:
    await pilot.press("o")
    await until_said(pilot, "it stays masked")
    pilot.app.screen.query_one("#secret", Input).value = key.secret.reveal()
    await pilot.press("enter")


async def test_the_old_secret_is_asked_with_only_once_it_must_be_refused(
    console: Console, vault: LocalVault, key: Issued, site: Site, system: System
) -> None:
    """Before that a request with it would count as its use."""
    async with console.run_test(size=SIZE) as pilot:
        await retiring(pilot, key, site)
        assert key.secret.reveal() not in system.asked
        system.refused.add(key.secret.reveal())
        await paste_old(pilot, key)
        await until_said(pilot, "✓ ready, old v1", "refused after", "as it should be: 401")
        await pilot.press("C")
        await confirm(pilot, note=WHY, typed="checkout-api")
        await until_said(
            pilot, "● 6 Proof", "rotation #1 is completed", "✓ ready, new v2", "✓ new v2, at ready: accepted"
        )
        await until_said(pilot, "○ ready, old v1", "✓ old v1, which is revoked, at ready: refused (401)")
        assert "not been seen" not in said(pilot)
        assert "not asked with the old secret" not in said(pilot)
        await paste_old(pilot, key)
        await until_said(pilot, "✓ ready, old v1", "refused after")


async def test_what_a_target_held_before_is_asked_with_and_nobody_has_to_paste_it(
    console: Console, key: Issued, site: Site, system: System
) -> None:
    system.refused.add(key.secret.reveal())
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, key.key.id)
        await until_said(pilot, "✓ probe ready")
        await issue(pilot)
        await until_said(pilot, "✓ handed over")
        await pilot.press("H")
        await until_said(pilot, "● 4 Watch", "✓ ready, new v2", "accepted after")
        assert key.secret.reveal() not in system.asked
        await pilot.press("T")
        await confirm(pilot, note=WHY, typed="checkout-api")
        await until_said(pilot, "● 5 Retire", "✓ ready, old v1", "refused after")


async def test_what_is_still_let_in_is_said_in_these_words_and_not_completed(
    console: Console, vault: LocalVault, key: Issued, site: Site
) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await retiring(pilot, key, site)
        await paste_old(pilot, key)
        await until_said(pilot, "✗ ready, old v1", "STILL ACCEPTED", "although it is over")
        await pilot.press("C")
        await until_said(pilot, "v1 is STILL ACCEPTED at ready: the rotation is not")
    assert vault.rotation(1).rotation.state is RotationState.SUSPENDED


@pytest.mark.parametrize("later", [False, True], ids=["asked again there", "asked again later"])
async def test_a_hand_over_does_not_complete_the_rotation_while_the_old_one_is_let_in(
    console: Console, vault: LocalVault, key: Issued, system: System, *, later: bool
) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await wizard(pilot, key.key.id)
        await choose(pilot, "#strategy", Strategy.IMMEDIATE)
        await until_said(pilot, "--strategy immediate", "✓ probe ready")
        await issue(pilot)
        await until_said(pilot, "✗ ready, old v1", "STILL ACCEPTED", "✗ stopped: v1 of checkout-api is STILL ACCEPTED")
        await until_said(pilot, "D   ask again", "H goes on")
        assert vault.rotation(1).rotation.state is RotationState.PROVING
        if later:
            await pilot.press("H")
            await until_said(pilot, "● 5 Retire", "▲ v1 is revoked, and the rotation is not completed")
            system.refused.add(key.secret.reveal())
            await paste_old(pilot, key)
            await until_said(pilot, "✓ ready, old v1", "refused after")
            await pilot.press("C")
            await until_said(pilot, "Complete the rotation of checkout-api?")
            await pilot.press("tab", "enter")
        else:
            system.refused.add(key.secret.reveal())
            await pilot.press("D")
            await until_said(pilot, "✓ ready, old v1", "refused after", "✓ handed over")
            await pilot.press("H")
        await until_said(pilot, "● 6 Proof", "rotation #1 is completed")


async def test_an_emergency_stays_open_until_the_old_secret_is_refused(
    console: Console, vault: LocalVault, key: Issued, site: Site, system: System
) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await wizard(pilot, key.key.id)
        await choose(pilot, "#strategy", Strategy.EMERGENCY)
        await choose(pilot, "#first", First.REPLACE)
        await until_said(pilot, "--first replace", "✓ probe ready")
        await issue(pilot)
        await until_said(pilot, "✓ handed over")
        forget_former(site)
        await pilot.press("H")
        await until_said(pilot, "● 4 Watch", "✓ ready, new v2")
        await pilot.press("C")
        await confirm(pilot, note=WHY, typed="checkout-api")
        await until_said(pilot, "● 5 Retire", "▲ v1 is revoked, and the rotation is not completed", "o pastes it")
        assert vault.rotation(1).rotation.state is RotationState.PROVING
        await paste_old(pilot, key)
        await until_said(pilot, "✗ ready, old v1", "STILL ACCEPTED")
        await pilot.press("C")
        await until_said(pilot, "the rotation is not completed")
        system.refused.add(key.secret.reveal())
        await paste_old(pilot, key)
        await until_said(pilot, "✓ ready, old v1", "refused after")
        await pilot.press("C")
        await until_said(pilot, "Complete the rotation of checkout-api?")
        await pilot.press("tab", "enter")
        await until_said(pilot, "● 6 Proof", "rotation #1 is completed")


async def test_a_system_that_lets_everybody_in_proves_nothing_and_says_so(
    console: Console, vault: LocalVault, key: Issued, site: Site, system: System
) -> None:
    site.write(PROBE.format(url=system.url) + 'refused = ["418"]\n')
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, key.key.id)
        await until_said(pilot, "✗ probe ready", "what is no key is not refused", "the proof will say that it was not")
        await pilot.press("enter")
        await until_said(pilot, "● 2 Issue")


class Unsuspending(EnvListIssuer):
    """A list that a service reads, with no place for what is to come back."""

    @property
    def abilities(self) -> Abilities:
        return replace(super().abilities, suspends=False)


async def test_without_a_suspension_the_step_says_that_the_next_one_is_for_good(
    profile: Profile, clock: StoppedClock, site: Site, tmp_path: Path
) -> None:
    allowlist = tmp_path / "service.env"
    allowlist.touch(0o600)
    allowlist.write_text("KEYS=\n")
    site.write(f'[issuers.reserve]\nkind = "envlist"\nfile = "{allowlist}"\nvariable = "KEYS"\n')
    issuer = Unsuspending("reserve", allowlist, "KEYS", parse_format("tk"))
    vault = LocalVault.open(profile, clock, issuers=lambda: {"reserve": issuer})
    key = vault.create(KeyDraft("reports", "production", issuer="reserve"), "first")
    async with Console(lambda _: vault, profile, clock).run_test(size=SIZE) as pilot:
        await wizard(pilot, key.key.id)
        await hand_over(pilot)
        await until_said(pilot, "● 4 Watch")
        await pilot.press("T")
        await until_said(
            pilot, "● 5 Retire", "▲ reserve cannot suspend a version", "revokes it for good", "b goes back"
        )
        await pilot.press("b")
        await until_said(pilot, "● 4 Watch")
        await pilot.press("T", "C")
        await until_said(pilot, "for good?")
        await confirm(pilot, note=WHY, typed="reports")
        await until_said(pilot, "● 6 Proof", "rotation #1 is completed")
        await until_said(
            pilot, "reserve accepts or refuses this key", "◌ new v2: not asked", "◌ old v1, which is revoked"
        )
    assert key.secret.reveal() not in allowlist.read_text()
