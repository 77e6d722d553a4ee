"""Two operators at one rotation: who has the secret on the screen hears of the other, and gives no dead one away."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from keytui.domain.access import Principal, Role
from keytui.domain.audit import Actor
from keytui.tui.app import Console
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from tests.tui.rotation.walking import confirm, issue, said, until, until_said, wizard

SIZE = (120, 36)


@pytest.fixture
def bob(vault: LocalVault) -> LocalVault:
    """The same vault, as another operator has it open."""
    return vault.acting_as(Principal(Actor("bob", "laptop"), Role.SUPER_ADMIN, operator_id="bob"))


async def test_the_hand_over_follows_who_holds_it_and_gives_no_revoked_secret_away(
    console: Console, bob: LocalVault, first: Issued
) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await wizard(pilot, first.key.id)
        screen = await issue(pilot)
        bob.take_over(1)
        await until_said(pilot, "held by bob@laptop", "✗ bob@laptop holds this rotation now")
        await pilot.press("p")
        await until_said(pilot, "▲ bob@laptop holds this rotation now", "ask them before v2 goes anywhere")
        assert console.screen is screen
        bob.reissue(1)
        await until_said(pilot, "✗ v2 is revoked: bob@laptop issued v3 instead")
        for key in "pfcoH":
            await pilot.press(key)
        await until_said(pilot, "▲ v2 is revoked")
        assert console.screen is screen
        assert not screen._secret


async def test_what_another_took_over_is_taken_back_where_its_secret_is(
    console: Console, bob: LocalVault, first: Issued, tmp_path: Path
) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await wizard(pilot, first.key.id)
        await issue(pilot)
        await pilot.press("O")
        await until_said(pilot, "▲ you hold this rotation")
        bob.take_over(1)
        bob.leave_note(1, "the importer is slow to move")
        await until_said(pilot, "✗ bob@laptop holds this rotation now", "O takes it over")
        await pilot.press("O")
        await until_said(pilot, "Take over the rotation of checkout-api?", "the importer is slow to move")
        await confirm(pilot)
        await until_said(pilot, "you hold it now", "held by ada@bastion-2")
        await pilot.press("f")
        await confirm(pilot, note=str(tmp_path / "key"))
        await until_said(pilot, "✓ sent to")
        bob.reissue(1)
        await until_said(pilot, "✗ v2 is revoked")
        await pilot.press("O")
        await until_said(pilot, "▲ v2 is revoked")


async def test_a_secret_that_is_revoked_below_an_open_question_goes_nowhere(
    console: Console, bob: LocalVault, first: Issued, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await wizard(pilot, first.key.id)
        screen = await issue(pilot)
        await pilot.press("p")
        await until(pilot, lambda: bool(console.screen.query("#note")), "the question")
        console.screen.query_one("#note", Input).value = f"tee {store}"
        bob.take_over(1)
        bob.reissue(1)
        await confirm(pilot)
        await until_said(pilot, "✗ v2 is revoked: bob@laptop issued v3 instead")
        assert console.screen is screen
        assert "sent to" not in said(pilot)
    assert not store.exists()
    assert not bob.rotation(1).deliveries
