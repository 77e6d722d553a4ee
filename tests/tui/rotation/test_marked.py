"""Rotating several keys: by name first, one after another, one summary, and no failure hides the rest."""

from __future__ import annotations

from keytui.domain.keys import Key, KeyDraft
from keytui.domain.rotation import Reason
from keytui.tui.app import Console
from keytui.tui.screens.rotate_marked import RotateMarkedScreen
from keytui.vault.local.vault import LocalVault
from tests.tui.rotation.walking import Walk, confirm, hand_over, issue, opened, until, until_said

SIZE = (120, 36)


def keys(vault: LocalVault, *names: str) -> tuple[Key, ...]:
    return tuple(vault.create(KeyDraft(name, "production"), name).key for name in names)


async def marked(pilot: Walk, chosen: tuple[Key, ...]) -> RotateMarkedScreen:
    console = await opened(pilot)
    screen = RotateMarkedScreen(chosen)
    await console.push_screen(screen)
    await until_said(pilot, f"Rotate these {len(chosen)} keys", *(key.name for key in chosen))
    return screen


async def test_one_after_another_with_one_summary(console: Console, vault: LocalVault) -> None:
    chosen = keys(vault, "checkout-api", "partner-export")
    async with console.run_test(size=SIZE) as pilot:
        screen = await marked(pilot, chosen)
        await pilot.press("R")
        await hand_over(pilot)
        await until_said(pilot, "Rotate partner-export")
        await hand_over(pilot)
        await until(pilot, lambda: console.screen is screen, "the summary")
        await until_said(pilot, "✓ checkout-api", "✓ partner-export", "rotation #2 is overlapping", "2 handed over")


async def test_what_fails_and_what_is_left_neither_stops_nor_hides_the_rest(
    console: Console, vault: LocalVault
) -> None:
    chosen = keys(vault, "revoked-one", "left-one", "lost-one", "[/x] good-one")
    vault.revoke(chosen[0].id, None, Reason.LEAVER, "")
    async with console.run_test(size=SIZE) as pilot:
        screen = await marked(pilot, chosen)
        await until_said(pilot, "✗ revoked-one", "the key is revoked")
        await pilot.press("R")
        await until_said(pilot, "Rotate left-one", "go on to issue")
        await pilot.press("escape")
        await until_said(pilot, "○ left-one", "not begun", "R rotates the next")
        await pilot.press("R")
        await until_said(pilot, "Rotate lost-one")
        await issue(pilot)
        await pilot.press("escape")
        await confirm(pilot)
        await until_said(pilot, "the secret of v2 is gone")
        await pilot.press("escape")
        await until_said(pilot, "○ lost-one", "left at 3 Hand over, rotation #1 stays open")
        await pilot.press("R")
        await until_said(pilot, "Rotate [/x] good-one")
        await hand_over(pilot)
        await until(pilot, lambda: console.screen is screen, "the summary")
        await until_said(pilot, "1 handed over, 2 left for later, 1 cannot be rotated", "every key has had its turn")
