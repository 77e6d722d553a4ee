"""`:` lists everything that can be done: here, elsewhere, and why not; by name, words, key and command."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial

import pytest
from textual.command import CommandList
from textual.widgets import Input

from keytui.tui import actions
from keytui.tui.actions import Actions
from keytui.tui.app import Console
from keytui.tui.bindings import by_id
from keytui.tui.elsewhere import COMMANDS, EVERYWHERE, PLACES, everything
from keytui.tui.screens.audit import AuditScreen
from keytui.tui.screens.incident.listed import IncidentsScreen
from keytui.tui.screens.keys import KeysScreen
from keytui.tui.screens.rotations import RotationsScreen
from keytui.vault.local.vault import LocalVault
from tests.tui.rotation.walking import Walk, until, until_said
from tests.tui.walking import keys

TALL = (100, 50)


async def found(pilot: Walk, words: str, *expected: str) -> list[str]:
    """What the palette finds, best first, once all that is expected is among it."""

    def listed() -> list[str]:
        lists = pilot.app.screen.query(CommandList)
        return [str(option.prompt) for each in lists for option in each.options]

    if not pilot.app.screen.query(CommandList):
        await pilot.press("colon")
    await until(pilot, lambda: bool(listed()), "what can be done")
    pilot.app.screen.query_one(Input).value = words
    await until(pilot, lambda: all(any(word in line for line in listed()) for word in expected), f"{expected}")
    return listed()


def is_best(pilot: Walk, beginning: str) -> bool:
    listed = [str(option.prompt) for each in pilot.app.screen.query(CommandList) for option in each.options]
    return bool(listed) and listed[0].startswith(beginning)


def has_read(palettes: Actions) -> bool:
    return palettes._reading.is_finished


def test_every_action_has_a_place_and_what_leads_there_exists() -> None:
    bindings = by_id()
    assert {name.split(".")[0] for name in bindings} >= set(PLACES) | EVERYWHERE
    assert {binding.id for binding, _ in everything()} | set(bindings) == set(bindings)
    for place in PLACES.values():
        assert bool(place.go) is not bool(place.first)
        assert place.key in bindings[place.by].key.split(",") or not place.first
        assert not place.go or hasattr(Console, f"action_{place.go.split('(')[0]}")


def test_the_commands_that_it_names_exist() -> None:
    import typer

    from keytui.cli.app import app

    root = typer.main.get_command(app)
    assert set(COMMANDS) <= set(by_id())
    for words in COMMANDS.values():
        command: object = root
        for word in words.split():
            command = getattr(command, "commands", {}).get(word)
            assert command is not None, f"there is no keytui {words}"


async def test_it_lists_what_can_be_done_here_first_and_everything_else_with_where_it_is(
    console: Console, fleet: LocalVault
) -> None:
    async with console.run_test(size=TALL) as pilot:
        await keys(pilot)
        listed = await found(pilot, "", "approve")
        assert listed[0].startswith("rotate   R\nRotate, guided")
        actions = [line for line in listed if not line.startswith(("Theme", "Token", "Screenshot"))]
        assert len(actions) >= len(everything())
        tiers = [("✗" in line.split("\n")[-1], " · in " in line) for line in actions]
        first = [tiers.index(tier) for tier in ((False, False), (True, False), (False, True))]
        assert first == sorted(first)
        take_over = next(line for line in listed if line.startswith("take over   O") and "in Rotations" in line)
        assert "Hold it from now on; asks first" in take_over
        assert "keytui take-over" in take_over
        waive = next(line for line in listed if line.startswith("waive"))
        assert "✗ choose a rotation in Rotations; enter goes on from there" in waive


async def test_words_keys_and_commands_find_it(console: Console, fleet: LocalVault) -> None:
    asked = {"by a name": "keep filter", "for good asks": "revoke", "R": "rotate", "keytui create": "new"}
    async with console.run_test(size=TALL) as pilot:
        await keys(pilot)
        for words, first in asked.items():
            await found(pilot, words)
            await until(pilot, partial(is_best, pilot, f"{first}   "), f"{first} as the first")


async def test_ctrl_c_says_in_it_how_to_quit(console: Console, fleet: LocalVault) -> None:
    """Over what it has found, which may fill the window."""
    async with console.run_test(size=(60, 20), notifications=True) as pilot:
        await keys(pilot)
        await found(pilot, "rotate", "rotate")
        await pilot.press("ctrl+c")
        await until_said(pilot, "▲ q quits, esc goes back", "ctrl+c ends nothing here", "guided")


async def test_ctrl_c_says_in_it_that_a_change_is_still_on_its_way(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=(60, 20), notifications=True) as pilot:
        await keys(pilot)
        await found(pilot, "rotate", "rotate")
        with console.connection.flight:
            await pilot.press("ctrl+c")
            await until_said(pilot, "▲ a change is still on its way", "quit once it has landed")


async def test_a_reading_that_fails_and_that_nobody_waits_for_says_nothing(
    console: Console, fleet: LocalVault, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As where the palette is closed before it has begun to look."""

    def everything() -> tuple[()]:
        raise RuntimeError("a screen that cannot be read")

    monkeypatch.setattr(actions, "everything", everything)
    async with console.run_test(size=TALL) as pilot:
        palettes = Actions(await keys(pilot))
        await palettes.startup()
        await until(pilot, partial(has_read, palettes), "the end of the reading")
        del palettes
        gc.collect()
    assert not [record for record in caplog.records if record.name == "asyncio"]


async def test_choosing_what_is_elsewhere_goes_there_and_says_how(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=TALL, notifications=True) as pilot:
        await keys(pilot)
        await found(pilot, "verify chain", "verify the chain")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.screen, AuditScreen), "the audit log")
        await until_said(pilot, "v here: verify the chain")
        await found(pilot, "lessons titles", "find")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.screen, IncidentsScreen), "the incidents")
        await found(pilot, "waive", "waive")
        await pilot.press("enter")
        await until_said(pilot, "▲ choose a rotation in Rotations")
        assert isinstance(console.screen, IncidentsScreen)
        await found(pilot, "hold it from", "take over")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.screen, RotationsScreen), "the rotations")


async def test_what_is_elsewhere_is_closed_to_who_may_only_read(
    read_only_console: Callable[[], Console], fleet: LocalVault
) -> None:
    console = read_only_console()
    async with console.run_test(size=TALL, notifications=True) as pilot:
        await keys(pilot)
        listed = await found(pilot, "take over", "take over")
        assert "✗ test is read-only: no way to take over; :write arms it for 15 minutes" in "".join(listed)
        await pilot.press("enter")
        await until_said(pilot, "▲ test is read-only")
        assert isinstance(console.screen, KeysScreen)
