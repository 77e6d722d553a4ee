"""The one step that shows a secret: every way out of it, what is recorded, and what a wrong paste is told."""

from __future__ import annotations

import base64
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from textual.widgets import Input

from keytui.domain.audit import AuditFilter
from keytui.tui.app import Console
from keytui.tui.screens.wizard.hand_over import HandOverScreen
from keytui.tui.widgets.secret import SHOWN_FOR
from keytui.vault.leaving import handed_to
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Delivery, Issued
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
from tests.world import StoppedClock

SIZE = (120, 36)


async def at_hand_over(pilot: Walk, key_id: str) -> HandOverScreen:
    await wizard(pilot, key_id)
    return await issue(pilot)


def deliveries(vault: LocalVault) -> list[Delivery]:
    return list(vault.rotation(1).deliveries)


async def test_it_is_masked_until_asked_for_and_masked_again_after_20_seconds(
    console: Console, first: Issued, clock: StoppedClock
) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await at_hand_over(pilot, first.key.id)
        secret = screen._secret.reveal()
        assert secret not in said(pilot)
        await pilot.press("v")
        await until_said(pilot, secret, "masked again in 20 s")
        clock.advance(timedelta(seconds=12))
        await until_said(pilot, secret, "masked again in 8 s")
        clock.advance(SHOWN_FOR)
        await until(pilot, lambda: secret not in said(pilot), "the mask")


async def test_a_dialog_over_it_masks_it(console: Console, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await at_hand_over(pilot, first.key.id)
        secret = screen._secret.reveal()
        await pilot.press("v")
        await until_said(pilot, secret)
        await pilot.press("f")
        await until_said(pilot, "Write the secret to a new file?")
        await until(pilot, lambda: secret not in said(pilot), "the mask")


async def test_osc_52_carries_exactly_the_secret_and_is_called_sent(
    console: Console, vault: LocalVault, first: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await at_hand_over(pilot, first.key.id)
        assert console._driver is not None
        written: list[str] = []
        monkeypatch.setattr(console._driver, "write", written.append)
        await pilot.press("c")
        await until_said(pilot, "sent to your terminal's clipboard (OSC 52) 13:00:00 (12:00Z)", "do not confirm")
        (sequence,) = [each for each in written if each.startswith("\x1b]52;")]
        assert base64.b64decode(sequence[7:-1]).decode() == screen._secret.reveal()
        assert console.clipboard == ""
        assert "copied" not in said(pilot)
        await until(pilot, lambda: len(deliveries(vault)) == 1, "the record")
        (copied,) = vault.audit(AuditFilter("value.copied"), 0, 10).entries
        assert (copied.event.version, copied.event.rotation_id) == (2, 1)
        assert vault.audit(AuditFilter("delivery.noted"), 0, 10).total == 0, "one entry for one copy"


async def test_the_route_and_the_limits_of_tmux_are_named(
    console: Console, vault: LocalVault, first: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_TTY")
    monkeypatch.setenv("TMUX", "/run/tmux-1000/default,1,0")
    async with console.run_test(size=SIZE) as pilot:
        await at_hand_over(pilot, first.key.id)
        await until_said(pilot, "send to this machine's clipboard", "set-clipboard on")
        await pilot.press("c")
        await until_said(pilot, "✗ this machine's clipboard", "no clipboard took it within 3 s")
        assert [delivery.state for delivery in deliveries(vault)] == ["failed"]


async def test_a_path_is_typed_at_once_and_enter_never_means_back(
    console: Console, first: Issued, tmp_path: Path
) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await at_hand_over(pilot, first.key.id)
        secret = screen._secret.reveal()
        await pilot.press("f")
        await until_said(pilot, "Write the secret to a new file?")
        await pilot.press(*str(tmp_path / "key"), "enter")
        await until(pilot, lambda: console.screen.focused is console.screen.query_one("#act"), "the button that acts")
        await pilot.press("enter")
        await until(pilot, (tmp_path / "key").exists, "the file")
        assert (tmp_path / "key").read_text() == secret


async def test_a_new_file_takes_it_and_ends_the_hand_over(
    console: Console, vault: LocalVault, first: Issued, tmp_path: Path
) -> None:
    path = tmp_path / "checkout.key"
    async with console.run_test(size=SIZE) as pilot:
        screen = await at_hand_over(pilot, first.key.id)
        secret = screen._secret.reveal()
        await pilot.press("f")
        await confirm(pilot, note=str(path))
        await until_said(pilot, "✓ sent to", "mode 0600")
        assert path.read_text() == secret
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        await pilot.press("H")
        await until_said(pilot, "Is the new secret where it belongs?")
        await confirm(pilot)
        await until_said(pilot, "● 4 Watch", "checkout.key")


async def test_a_file_that_is_there_is_not_touched_and_the_failure_is_recorded(
    console: Console, vault: LocalVault, first: Issued, tmp_path: Path
) -> None:
    path = tmp_path / "present"
    path.write_text("mine")
    async with console.run_test(size=SIZE) as pilot:
        await at_hand_over(pilot, first.key.id)
        await pilot.press("f")
        await confirm(pilot, note=str(path))
        await until_said(pilot, "✗", "is there already")
        assert path.read_text() == "mine"
        assert [delivery.state for delivery in deliveries(vault)] == ["failed"]


async def test_a_command_reads_it_on_its_standard_input(
    console: Console, vault: LocalVault, first: Issued, tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    async with console.run_test(size=SIZE) as pilot:
        screen = await at_hand_over(pilot, first.key.id)
        await pilot.press("p")
        await confirm(pilot, note=f"tee {taken}")
        await until_said(pilot, "✓ sent to command tee", "exit code 0")
        assert taken.read_text() == screen._secret.reveal()
        await pilot.press("p")
        await confirm(pilot, note="false")
        await until_said(pilot, "✗ command false: 'false' exited with 1")


async def test_a_wrong_paste_says_what_is_wrong_and_repeats_nothing(console: Console, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await at_hand_over(pilot, first.key.id)
        secret = screen._secret.reveal()
        for wrong, complaint in (
            (secret[:20], "it is cut off: 20 of 35 characters"),
            (f"  {secret}", "white space or a line break stands around it"),
            (f"API_KEY={secret}", "the variable's name was pasted along"),
            (secret[:-1], "it is cut off: 34 of 35 characters"),
            (secret[:-2] + secret[-1] + secret[-2], "it was mistyped"),
            (first.secret.reveal(), "another secret, perhaps the old one"),
        ):
            await paste_back(pilot, wrong)
            await until_said(pilot, "✗ not the same:", complaint)
            assert secret[:16] not in said(pilot)
            assert console.screen is screen


async def test_what_is_pasted_back_cannot_be_copied_out_again(console: Console, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await at_hand_over(pilot, first.key.id)
        field = screen.query_one("#paste-back", Input)
        field.focus()
        field.value = screen._secret.reveal()
        await pilot.press("ctrl+a", "ctrl+c", "ctrl+x")
        await pilot.pause()
        assert console.clipboard == ""
        assert screen._secret.reveal() not in said(pilot)


async def test_saying_that_it_is_done_needs_something_that_shows_it(console: Console, first: Issued) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        screen = await at_hand_over(pilot, first.key.id)
        await pilot.press("H")
        await until_said(pilot, "nothing shows yet that it arrived")
        assert console.screen is screen


async def test_a_new_key_is_handed_over_without_a_rotation(console: Console, vault: LocalVault, first: Issued) -> None:
    done: list[bool | None] = []
    async with console.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await console.push_screen(HandOverScreen(first), done.append)
        await until_said(pilot, "checkout-api v1", "new key")
        assert await read_secret(pilot) == first.secret.reveal()
        await pilot.press("c")
        await until_said(pilot, "sent to your terminal's clipboard")
        await pilot.press("H")
        await until_said(pilot, "You say that you have it.")
        await confirm(pilot)
        await until(pilot, lambda: done == [True], "the end")
    (found,) = handed_to(vault, "ada")
    (copied,) = [why for why in found.why if why.startswith("copied v1 (your terminal's clipboard")]
    assert first.secret.reveal() not in copied
