"""The secret is not let go of by a slip: keys pressed in a dialog above it, twice, or while an answer is on its way."""

from __future__ import annotations

from threading import Event

import pytest
from textual.widgets import Button

from keytui.domain.secrets import Secret
from keytui.tui.app import Console
from keytui.tui.screens.confirm import ConfirmDialog
from keytui.tui.screens.wizard.hand_over import HandOverScreen
from keytui.tui.screens.wizard.screen import WizardScreen
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from tests.tui.rotation.walking import (
    Walk,
    confirm,
    issue,
    opened,
    paste_back,
    read_secret,
    said,
    until,
    until_said,
    wizard,
)

SIZE = (120, 36)
LEAVE = "Leave without handing it over?"


async def with_a_dialog(pilot: Walk, key_id: str) -> HandOverScreen:
    """The hand-over, below the question for a path."""
    await wizard(pilot, key_id)
    screen = await issue(pilot)
    await pilot.press("f")
    await until_said(pilot, "Write the secret to a new file?")
    return screen


async def test_ctrl_q_in_a_dialog_above_it_asks_before_it_quits(console: Console, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await with_a_dialog(pilot, first.key.id)
        await pilot.press("ctrl+q")
        await until_said(pilot, LEAVE)
        assert screen._secret
        await confirm(pilot)
        await until(pilot, lambda: not console.is_running, "the end")
    assert not screen._secret


async def test_no_mode_and_no_palette_is_reached_from_a_dialog_above_it(console: Console, first: Issued) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        screen = await with_a_dialog(pilot, first.key.id)
        dialog = console.screen
        await pilot.press("2", "q", "colon", "W", "ctrl+p")
        await until_said(pilot, "the palette stays shut in this step")
        assert console.current_mode == "keys"
        assert console.screen is dialog
        assert "Screenshot" not in {command.title for command in console.get_system_commands(dialog)}
        assert screen._secret


async def test_a_button_pressed_twice_closes_its_own_dialog_only(console: Console, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await with_a_dialog(pilot, first.key.id)
        keep = console.screen.query_one("#keep", Button)
        for _ in range(2):
            keep.post_message(Button.Pressed(keep))
        await until(pilot, lambda: not isinstance(console.screen, ConfirmDialog), "the end of the dialog")
        await pilot.pause()
        assert console.screen is screen
        assert screen._secret


async def test_what_lands_while_a_dialog_is_open_ends_the_step_and_the_dialog(
    console: Console, vault: LocalVault, first: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_land = Event()
    prove = vault.prove

    def slowly(rotation_id: int, secret: Secret) -> object:
        may_land.wait(10)
        return prove(rotation_id, secret)

    monkeypatch.setattr(vault, "prove", slowly)
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await wizard(pilot, first.key.id)
        await issue(pilot)
        await paste_back(pilot, await read_secret(pilot))
        await pilot.press("escape")
        await until_said(pilot, "a change is still on its way")
        assert LEAVE not in said(pilot)
        await pilot.press("f")
        await until_said(pilot, "Write the secret to a new file?")
        may_land.set()
        await until(pilot, lambda: isinstance(console.screen, WizardScreen), "the wizard")
        await until_said(pilot, "● 4 Watch")


async def test_ctrl_c_says_how_to_quit_and_asks_as_q_does_where_a_secret_is_at_hand(
    console: Console, first: Issued
) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("ctrl+c")
        await until_said(pilot, "▲ q quits, esc goes back")
        await wizard(pilot, first.key.id)
        await issue(pilot)
        await pilot.press("ctrl+c")
        await until_said(pilot, LEAVE)
        assert console.is_running
