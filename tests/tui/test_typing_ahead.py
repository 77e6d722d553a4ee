"""Keys that come in one piece: each finds what the one before it led to, and none confirms what nobody has seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event

import pytest
from textual import events
from textual._types import CallbackType as Callback
from textual.binding import Binding
from textual.command import CommandPalette, Hit, Hits
from textual.widget import Widget
from textual.widgets import Input

from keytui.domain.audit import AuditFilter
from keytui.tui.app import Console
from keytui.tui.commands import KeySearch
from keytui.tui.elsewhere import Place, everything
from keytui.tui.keystrokes import Keystrokes
from keytui.tui.screens.arm import ArmDialog
from keytui.tui.screens.confirm import ConfirmDialog
from keytui.tui.screens.incident.respond import RespondScreen
from keytui.tui.screens.key_form import CreateScreen
from keytui.tui.screens.wizard.screen import WizardScreen
from keytui.vault.local.vault import LocalVault
from tests.tui.rotation.walking import Walk, said, until, until_said, until_still
from tests.tui.walking import keys, point_at

BACK = "escape"


def burst(pilot: Walk, *typed: str) -> None:
    """All at once, as one read of a slow line brings them: a word is typed letter by letter, `⏎` is enter."""
    console = pilot.app
    for word in typed:
        named = len(word) == 1 or word in {"enter", "tab", "backspace", BACK, "colon", "slash"}
        for key in [word] if named else word:
            console.post_message(events.Key(key, key if len(key) == 1 else None))


def value(pilot: Walk, selector: str) -> str:
    """What a field holds; nothing while there is none."""
    return next((field.value for field in pilot.app.screen.query(selector).results(Input)), "")


async def test_a_form_keeps_what_was_typed_before_it_could_be_seen(console: Console, fleet: LocalVault) -> None:
    async with console.run_test() as pilot:
        await keys(pilot)
        burst(pilot, "N", "abc", "tab", "staging", "enter", "web")
        await until(pilot, lambda: isinstance(console.screen, CreateScreen), "the form")
        await until(pilot, lambda: value(pilot, "#owner") == "web", "all that was typed")
        assert (value(pilot, "#name"), value(pilot, "#environment")) == ("abc", "staging")


async def test_the_palette_finds_what_was_typed_with_it_and_goes_on_from_there(
    console: Console, fleet: LocalVault
) -> None:
    async with console.run_test() as pilot:
        await keys(pilot)
        burst(pilot, "colon", "new", "enter", "abc", "enter", "staging")
        await until(pilot, lambda: isinstance(console.screen, CreateScreen), "the form")
        await until(pilot, lambda: value(pilot, "#environment") == "staging", "all that was typed")
        assert value(pilot, "#name") == "abc"


async def test_letters_that_come_while_the_first_palette_reads_the_screens_break_nothing_off(
    console: Console, fleet: LocalVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, asked = Event(), Event()

    def reading() -> tuple[tuple[Binding, Place], ...]:
        asked.set()
        read.wait()
        return everything()

    monkeypatch.setattr("keytui.tui.actions.everything", reading)
    async with console.run_test() as pilot:
        await keys(pilot)
        burst(pilot, "colon")
        await until(pilot, asked.is_set, "the screens are being read")
        burst(pilot, "theme")
        await until(pilot, lambda: value(pilot, "CommandInput") == "theme", "all that was typed")
        read.set()
        await until_said(pilot, "Theme: light", "White on black")
        burst(pilot, *["backspace"] * 5, "rotations")
        await until_said(pilot, "Open rotations")
        await until_still(pilot)


async def test_one_esc_leaves_a_palette_that_looks_for_what_was_chosen(
    console: Console, fleet: LocalVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(self: KeySearch, query: str) -> Hits:
        await asyncio.get_running_loop().create_future()
        yield Hit(1, query, lambda: None)

    monkeypatch.setattr(KeySearch, "search", slow)
    monkeypatch.setattr("keytui.tui.keystrokes._FOR_A_SCREEN", 1000)
    async with console.run_test() as pilot:
        screen = await keys(pilot)
        burst(pilot, "colon")
        await until(pilot, lambda: isinstance(console.screen, CommandPalette), "the palette")
        await until_still(pilot)
        burst(pilot, "new", "enter", "x", BACK, "j")
        await until(pilot, lambda: console.screen is screen and screen.table._cursor == 1, "the keys, at once")


async def test_a_key_that_comes_when_the_console_has_ended_is_for_nobody(console: Console, fleet: LocalVault) -> None:
    async with console.run_test() as pilot:
        await keys(pilot)
    assert not console.keystrokes.have_turn(events.Key("j", "j"))


async def test_what_nothing_is_found_for_stays_in_the_palette(console: Console, fleet: LocalVault) -> None:
    async with console.run_test() as pilot:
        await keys(pilot)
        burst(pilot, "colon", "zzzz", "enter", "q")
        await until(pilot, lambda: isinstance(console.screen, CommandPalette), "the palette")
        await until(pilot, lambda: console.screen.query_one(Input).value == "zzzzq", "all that was typed")


async def test_back_and_on_finds_each_screen(console: Console, fleet: LocalVault) -> None:
    async with console.run_test() as pilot:
        screen = await keys(pilot)
        burst(pilot, "N", BACK, "X", BACK, "j", "N", "abc")
        await until(pilot, lambda: value(pilot, "#name") == "abc", "the second form, with what was typed")
        assert screen.table._cursor == 1


def log(fleet: LocalVault) -> int:
    """How many changes there were."""
    return fleet.audit(AuditFilter(), 0, 1).total


@pytest.mark.parametrize(
    ("typed", "dialog"),
    [
        (("X", "checkout-api", "enter", "enter", "enter"), ConfirmDialog),
        (("D", "tab", "tab", "enter", "enter"), ConfirmDialog),
        (("colon", "revoke", "enter", "checkout-api", "enter", "enter"), ConfirmDialog),
        (("I", "X", "checkout-api", "enter", "enter", "tab", "tab", "enter"), RespondScreen),
        (("R", "enter", "I", "tab", "tab", "enter", "enter"), WizardScreen),
    ],
    ids=lambda part: "-".join(part) if isinstance(part, tuple) else part.__name__,
)
async def test_a_burst_confirms_nothing(
    console: Console, fleet: LocalVault, typed: tuple[str, ...], dialog: type[object]
) -> None:
    async with console.run_test() as pilot:
        await point_at(pilot, "checkout-api")
        entries = log(fleet)
        burst(pilot, *typed)
        await until(pilot, lambda: any(isinstance(screen, dialog) for screen in console.screen_stack), str(dialog))
        await until_still(pilot)
        assert any(isinstance(screen, dialog) for screen in console.screen_stack), said(pilot)
        assert log(fleet) == entries


async def test_a_burst_arms_nothing(read_only_console: Callable[[], Console], fleet: LocalVault) -> None:
    console = read_only_console()
    async with console.run_test() as pilot:
        await keys(pilot)
        burst(pilot, "W", console.profile.name, "enter", "enter", "enter")
        await until(pilot, lambda: isinstance(console.screen, ArmDialog), "the question")
        await until_still(pilot)
        assert isinstance(console.screen, ArmDialog)
        assert value(pilot, "#typed") == ""
        assert not console.status.writable
        await pilot.press(*console.profile.name, "enter", "enter")
        await until(pilot, lambda: console.status.writable, "armed by who has seen the question")


async def test_a_note_keeps_its_words_and_is_not_left_before_it_was_seen(console: Console, fleet: LocalVault) -> None:
    async with console.run_test() as pilot:
        await keys(pilot)
        burst(pilot, "slash", "env:staging", "enter", "f", "mine", "enter", "enter")
        await until(pilot, lambda: isinstance(console.screen, ConfirmDialog), "the question")
        await until_still(pilot)
        assert value(pilot, "#note") == "mine"


async def test_a_key_held_down_is_traced_once_and_what_comes_behind_it_finds_its_screen(
    console: Console, fleet: LocalVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    wait = Keystrokes._wait

    def waited(self: Keystrokes, seconds: float) -> asyncio.TimerHandle:
        waits.append(seconds)
        return wait(self, seconds)

    monkeypatch.setattr(Keystrokes, "_wait", waited)
    async with console.run_test() as pilot:
        screen = await keys(pilot)
        burst(pilot, *["j"] * 50, *["k"] * 50, "j", "N", "abc")
        await until(pilot, lambda: value(pilot, "#name") == "abc", "the form, with what was typed")
        assert screen.table._cursor == 1
        assert len(waits) < 20


class Stuck(Widget):
    """Hears everything and does nothing."""

    asked = False

    def call_later(self, callback: Callback, *args: object, **kwargs: object) -> bool:
        self.asked = True
        return True


async def test_a_key_whose_trace_is_lost_holds_up_nobody_for_long(
    console: Console, fleet: LocalVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keytui.tui.keystrokes.PATIENCE", 0.1)
    async with console.run_test() as pilot:
        screen = await keys(pilot)
        console.keystrokes._went_to = stuck = Stuck()
        burst(pilot, "j")
        await until(pilot, lambda: screen.table._cursor == 1, "the key after it")
        assert stuck.asked
