"""Each path through the wizard, walked as an operator walks it, over a real local vault."""

from __future__ import annotations

from keytui.domain.keys import VersionState
from keytui.domain.rotation import First, RotationState, Strategy
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller
from keytui.tui.app import Console
from keytui.tui.screens.wizard.hand_over import HandOverScreen
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from tests.tui.rotation.walking import (
    Walk,
    choose,
    confirm,
    hand_over,
    issue,
    paste_back,
    until,
    until_said,
    wizard,
)
from tests.tui.rotation.walking import said as screen_said

SIZE = (120, 36)
WHY = "the night job was moved by hand"


def state(vault: LocalVault, key_id: str) -> RotationState:
    return vault.detail(key_id).rotations[0].state


def versions(vault: LocalVault, key_id: str) -> dict[int, VersionState]:
    return {version.number: version.state for version in vault.detail(key_id).versions}


async def overlapping(pilot: Walk, key_id: str) -> str:
    await wizard(pilot, key_id)
    secret = await hand_over(pilot)
    await until_said(pilot, "● 4 Watch", "old  v1", "new  v2")
    return secret


async def override(pilot: Walk, key: str) -> None:
    """Act against the verdict: the key's name and a reason are asked for."""
    await pilot.press(key)
    await until_said(pilot, "type checkout-api to go on")
    await confirm(pilot, note=WHY, typed="checkout-api")


async def test_rolling_from_review_to_proof(console: Console, vault: LocalVault, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        secret = await overlapping(pilot, first.key.id)
        assert versions(vault, first.key.id) == {1: VersionState.OUTGOING, 2: VersionState.ACTIVE}
        assert vault.check(Secret(secret), (), Caller.called("web-1")).valid
        await override(pilot, "T")
        await until_said(pilot, "● 5 Retire", "v1 is suspended")
        assert not vault.check(first.secret, (), Caller.called("web-1")).valid
        await override(pilot, "C")
        await until_said(pilot, "● 6 Proof", "rotation #1 is completed", "old v1 is revoked", "in the audit log")
    assert versions(vault, first.key.id) == {1: VersionState.REVOKED, 2: VersionState.ACTIVE}


async def test_proof_is_asked_with_the_old_secret_and_says_so(
    console: Console, vault: LocalVault, first: Issued
) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await overlapping(pilot, first.key.id)
        await override(pilot, "T")
        await until_said(pilot, "v1 is suspended")
        await override(pilot, "C")
        await until_said(pilot, "not asked with the old secret")
        await pilot.press("o")
        await until_said(pilot, "Ask with the old secret")
        pilot.app.screen.query_one("#secret").value = first.secret.reveal()  # type: ignore[attr-defined]  # an Input
        await pilot.press("enter")
        await until_said(pilot, "asked with the old secret: refused")


async def test_immediate_ends_with_the_hand_over(console: Console, vault: LocalVault, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, first.key.id)
        await choose(pilot, "#strategy", Strategy.IMMEDIATE)
        await until_said(pilot, "locked out at once", "--strategy immediate")
        screen = await issue(pilot)
        assert versions(vault, first.key.id) == {1: VersionState.REVOKED, 2: VersionState.ACTIVE}
        await paste_back(pilot, screen._secret.reveal())
        await until_said(pilot, "● 6 Proof", "– 4 Watch", "rotation #1 is completed")


async def test_an_emergency_asks_what_comes_first_and_says_what_each_costs(console: Console, first: Issued) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await wizard(pilot, first.key.id)
        await choose(pilot, "#strategy", Strategy.EMERGENCY)
        await until_said(pilot, "revoke first:", "nobody gets in", "replace first:", "a thief keeps")
        await pilot.press("enter")
        await until_said(pilot, "needs to know what comes first")
        assert "● 1 Review" in screen_said(pilot)


async def test_emergency_revoke_first(console: Console, vault: LocalVault, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, first.key.id)
        await choose(pilot, "#strategy", Strategy.EMERGENCY)
        await choose(pilot, "#first", First.REVOKE)
        await until_said(pilot, "--first revoke")
        await hand_over(pilot)
        await until_said(pilot, "● 6 Proof", "rotation #1 is completed")
    assert versions(vault, first.key.id) == {1: VersionState.REVOKED, 2: VersionState.ACTIVE}


async def test_emergency_replace_first(console: Console, vault: LocalVault, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, first.key.id)
        await choose(pilot, "#strategy", Strategy.EMERGENCY)
        await choose(pilot, "#first", First.REPLACE)
        await until_said(pilot, "--first replace")
        await hand_over(pilot)
        await until_said(pilot, "● 4 Watch", "– 5 Retire", "revoke the old")
        await override(pilot, "C")
        await until_said(pilot, "● 6 Proof", "rotation #1 is completed")
    assert versions(vault, first.key.id)[1] is VersionState.REVOKED


async def test_rolling_back_revokes_the_new_version(console: Console, vault: LocalVault, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await overlapping(pilot, first.key.id)
        await pilot.press("B")
        await until_said(pilot, "Roll checkout-api back to v1?")
        await confirm(pilot)
        await until_said(pilot, "● 6 Proof", "rotation #1 is rolled back")
    assert versions(vault, first.key.id) == {1: VersionState.ACTIVE, 2: VersionState.REVOKED}


async def test_one_key_restores_a_suspended_version(console: Console, vault: LocalVault, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await overlapping(pilot, first.key.id)
        await override(pilot, "T")
        await until_said(pilot, "v1 is suspended")
        await pilot.press("U")
        await until_said(pilot, "● 4 Watch")
        assert vault.check(first.secret, (), Caller.called("web-1")).valid


async def test_leaving_the_hand_over_loses_the_secret_by_design_and_offers_another(
    console: Console, vault: LocalVault, first: Issued
) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, first.key.id)
        lost = (await issue(pilot))._secret.reveal()
        await pilot.press("escape")
        await until_said(pilot, "Leave without handing it over?")
        await confirm(pilot)
        await until_said(pilot, "the secret of v2 is gone", "v1 is outgoing, and is not touched")
        await pilot.press("I")
        await until_said(pilot, "Issue another version of checkout-api?")
        await confirm(pilot)
        await until(pilot, lambda: isinstance(console.screen, HandOverScreen), "the new hand-over")
        assert not vault.check(Secret(lost), (), Caller.called("web-1")).valid
        assert vault.check(first.secret, (), Caller.called("web-1")).valid
        assert versions(vault, first.key.id)[3] is VersionState.ACTIVE


async def test_staying_in_the_hand_over_is_what_the_focus_offers(console: Console, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, first.key.id)
        screen = await issue(pilot)
        for key in ("escape", "q", "ctrl+q", "1", "2"):
            await pilot.press(key)
            await until_said(pilot, "Leave without handing it over?")
            await pilot.press("enter")
            await until(pilot, lambda: console.screen is screen, "the hand-over again")
        assert screen._secret


async def test_abandoning_goes_back_to_the_old_version(console: Console, vault: LocalVault, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, first.key.id)
        await issue(pilot)
        await pilot.press("escape")
        await confirm(pilot)
        await until_said(pilot, "the secret of v2 is gone")
        await pilot.press("A")
        await confirm(pilot)
        await until_said(pilot, "rotation #1 is abandoned")
    assert versions(vault, first.key.id) == {1: VersionState.ACTIVE, 2: VersionState.REVOKED}


async def test_a_plan_that_cannot_be_read_says_what_is_wrong(console: Console, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await wizard(pilot, first.key.id)
        screen.query_one("#overlap").value = "tomorrow"  # type: ignore[attr-defined]  # an Input
        await until_said(pilot, "not a duration: 'tomorrow'")
        await pilot.press("enter")
        assert "● 1 Review" in screen_said(pilot)
