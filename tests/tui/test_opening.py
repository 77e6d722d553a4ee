"""How a console begins: it paints, then opens its vault, and has a face for each way that can go."""

from __future__ import annotations

from datetime import datetime
from threading import Event

import pytest
from textual.command import CommandList, CommandPalette
from textual.events import Key

from keytui.domain.errors import Unreachable
from keytui.tui.app import FAULT_EXIT, Console
from keytui.tui.screens.key import KeyScreen
from keytui.tui.screens.key_form import CreateScreen
from keytui.tui.screens.keys import KeysScreen
from keytui.tui.screens.opening import OpeningScreen
from keytui.tui.screens.welcome import WelcomeScreen
from keytui.vault.local.keys.glimpse import glimpse
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.tui.rotation.walking import confirm, said, until, until_said
from tests.tui.walking import keys
from tests.world import StoppedClock


async def test_it_says_that_it_is_opening_until_it_is_open(profile: Profile, clock: StoppedClock) -> None:
    may_open = Event()

    def slowly(opened: Profile) -> LocalVault:
        may_open.wait(10)
        return LocalVault.open(opened, clock)

    console = Console(slowly, profile, clock)
    async with console.run_test() as pilot:
        await until_said(pilot, "◌ opening the vault", "test", "◌ opening")
        may_open.set()
        await until_said(pilot, "● connected")


async def test_the_first_keys_are_shown_before_the_vault_is_open_and_what_is_asked_meanwhile_waits(
    profile: Profile, clock: StoppedClock, fleet: LocalVault
) -> None:
    may_open = Event()

    def slowly(opened: Profile) -> LocalVault:
        may_open.wait(10)
        return LocalVault.open(opened, clock)

    console = Console(slowly, profile, clock, glimpse=glimpse)
    async with console.run_test(notifications=True) as pilot:
        await until_said(pilot, "checkout-api", "◌ opening")
        await pilot.press("slash", *"crm", "enter", "R")
        await until_said(pilot, "▲ the vault is not open yet")
        await pilot.press("enter")
        assert isinstance(console.screen, KeysScreen)
        may_open.set()
        await until_said(pilot, "● connected", "1 key ", "legacy-crm")
        assert "checkout-api" not in said(pilot)


async def test_keys_that_were_glimpsed_go_when_the_vault_cannot_be_opened(
    profile: Profile, clock: StoppedClock, fleet: LocalVault
) -> None:
    tries: list[Profile] = []

    def at_the_second_try(opened: Profile) -> LocalVault:
        tries.append(opened)
        if len(tries) == 1:
            raise Unreachable("its directory is open to others", "close it")
        return LocalVault.open(opened, clock)

    console = Console(at_the_second_try, profile, clock, glimpse=glimpse)
    async with console.run_test() as pilot:
        await until_said(pilot, "✗ the vault cannot be opened", "its directory is open to others")
        await pilot.press("r")
        await until_said(pilot, "● connected", "checkout-api")


async def test_a_glimpse_that_fails_keeps_nobody_from_the_vault(
    profile: Profile, clock: StoppedClock, fleet: LocalVault
) -> None:
    def broken(_profile: Profile, _now: datetime) -> None:
        raise RuntimeError("tk_this_could_be_a_secret")

    console = Console(lambda opened: LocalVault.open(opened, clock), profile, clock, glimpse=broken)
    async with console.run_test() as pilot:
        await until_said(pilot, "● connected", "checkout-api")


async def test_esc_while_it_opens_leaves_nothing_as_there_is_nothing_behind(
    profile: Profile, clock: StoppedClock
) -> None:
    may_open = Event()

    def slowly(opened: Profile) -> LocalVault:
        may_open.wait(10)
        return LocalVault.open(opened, clock)

    console = Console(slowly, profile, clock)
    async with console.run_test() as pilot:
        await until_said(pilot, "◌ opening the vault")
        await pilot.press("escape", "escape")
        may_open.set()
        await until_said(pilot, "● connected")


async def test_a_vault_that_cannot_be_opened_says_why_and_is_tried_again(profile: Profile, clock: StoppedClock) -> None:
    tries: list[Profile] = []

    def at_the_second_try(opened: Profile) -> LocalVault:
        tries.append(opened)
        if len(tries) == 1:
            raise Unreachable("[red]/srv/vault[/x] is \x1b[31mnot mounted", "mount it")
        return LocalVault.open(opened, clock)

    console = Console(at_the_second_try, profile, clock)
    async with console.run_test() as pilot:
        await until_said(
            pilot, "✗ the vault cannot be opened", "[red]/srv/vault[/x] is \\x1b[31mnot mounted", "mount it"
        )
        assert "✗ unreachable" in said(pilot)
        await pilot.press("r")
        await until_said(pilot, "● connected")


async def test_a_fault_of_ours_while_opening_is_a_face_too(profile: Profile, clock: StoppedClock) -> None:
    def broken(opened: Profile) -> LocalVault:
        raise RuntimeError("tk_this_could_be_a_secret")

    console = Console(broken, profile, clock)
    async with console.run_test() as pilot:
        await until_said(pilot, "keytui made a mistake (RuntimeError)")
        assert isinstance(console.screen, OpeningScreen)
        assert "tk_this" not in said(pilot)


async def test_an_empty_vault_is_welcomed_with_four_ways_to_begin(console: Console) -> None:
    async with console.run_test(notifications=True) as pilot:
        await until(pilot, lambda: isinstance(console.screen, WelcomeScreen), "the welcome")
        await until_said(pilot, "create a key", "import a .env file", "connect to a server", "look around a demo")
        await pilot.press("C")
        await until_said(pilot, "Connect to a team's server")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(console.screen, WelcomeScreen), "the welcome again")
        await pilot.press("N")
        await until(pilot, lambda: isinstance(console.screen, CreateScreen), "the form")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(console.screen, KeysScreen), "the empty table")
        await until_said(pilot, "0 keys")


async def test_q_quits_at_the_root_and_ctrl_q_anywhere(
    fleet: LocalVault, profile: Profile, clock: StoppedClock
) -> None:
    for presses in (("q",), ("enter", "q", "q"), ("enter", "ctrl+q")):
        console = Console(lambda opened: LocalVault.open(opened, clock), profile, clock)
        async with console.run_test() as pilot:
            await keys(pilot)
            await pilot.press(*presses)
        assert console.return_value == 0


async def test_a_fault_ends_the_console_without_showing_what_it_handled(
    console: Console, fleet: LocalVault, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(self: KeysScreen) -> None:
        handled = "tk_a_secret_in_a_local"
        raise RuntimeError(handled)

    monkeypatch.setattr(KeysScreen, "action_sort", broken)

    async def sort() -> None:
        async with console.run_test() as pilot:
            await keys(pilot)
            await pilot.press("s")

    with pytest.raises(RuntimeError):
        await sort()
    assert console.return_code == FAULT_EXIT
    shown = capsys.readouterr().err
    assert "keytui made a mistake (RuntimeError)" in shown
    assert "tk_a_secret" not in shown


async def test_a_fault_in_one_question_is_told_and_the_console_goes_on(
    console: Console, fleet: LocalVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console.run_test(notifications=True) as pilot:
        screen = await keys(pilot)

        def broken(vault: object) -> None:
            raise ValueError("tk_a_secret")

        screen.ask(broken, lambda _: None)
        await until_said(pilot, "✗ keytui made a mistake (ValueError)")
        assert "tk_a_secret" not in said(pilot)
        assert console.is_running


async def test_a_key_that_comes_before_its_screen_is_drawn_is_let_go(console: Console, fleet: LocalVault) -> None:
    async with console.run_test() as pilot:
        await keys(pilot)
        assert not await console.run_action("top", KeyScreen("not drawn"))


async def test_a_key_that_comes_after_its_screen_is_gone_is_let_go(console: Console) -> None:
    async with console.run_test() as pilot:
        await until(pilot, lambda: isinstance(console.screen, WelcomeScreen), "the welcome")
        welcome = console.screen
        await pilot.press("escape")
        assert not await console.run_action("create", welcome)
        assert isinstance(console.screen, KeysScreen)


async def test_the_palette_closes_itself_only_however_often_enter_is_pressed(
    console: Console, fleet: LocalVault
) -> None:
    async with console.run_test() as pilot:
        await keys(pilot)
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(console.screen, CommandPalette), "the palette")
        palette = console.screen
        await until(pilot, lambda: palette.query_one(CommandList).option_count > 0, "what can be done")
        await pilot.press(*"theme light")
        await until(pilot, lambda: palette.query_one(CommandList).option_count == 1, "what was typed")
        for _ in range(3):
            console.post_message(Key("enter", "\r"))
        await until(pilot, lambda: isinstance(console.screen, KeysScreen), "the keys")
        await pilot.pause()
        assert console.is_running
        assert [type(screen) for screen in console.screen_stack] == [KeysScreen]


async def test_the_palette_opens_again_while_the_one_before_is_still_leaving(
    console: Console, fleet: LocalVault
) -> None:
    async with console.run_test() as pilot:
        await keys(pilot)
        for _ in range(3):
            console.action_command_palette()
            await until(pilot, lambda: bool(console.screen.query(CommandList)), "the palette")
            await pilot.pause()
            console.screen.dismiss()
        console.action_command_palette()
        await pilot.press("pageup", "pagedown", "escape")
        await until(pilot, lambda: isinstance(console.screen, KeysScreen), "the keys")


async def test_a_page_up_in_a_palette_without_room_is_let_go(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=(40, 10)) as pilot:
        await keys(pilot)
        await pilot.press("colon")
        await until(pilot, lambda: bool(console.screen.query(CommandList)), "the palette")
        await until(pilot, lambda: console.screen.query_one(CommandList).option_count > 0, "what can be done")
        console.screen.query_one(CommandList).styles.height = 0
        await pilot.pause()
        await pilot.press("down", "pageup", "pagedown")
        assert console.is_running


async def test_words_that_stand_there_are_not_said_again(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(notifications=True) as pilot:
        screen = await keys(pilot)
        screen.report(Unreachable("the vault was moved away", "put it back"))
        await until_said(pilot, "moved away")
        screen.report(Unreachable("the vault was moved away", "put it back"))
        screen.report(Unreachable("something else"))
        await until_said(pilot, "something else")
        assert said(pilot).count("moved away") == 1


async def test_only_one_change_is_on_its_way_at_a_time(console: Console, fleet: LocalVault) -> None:
    may_land = Event()
    landed: list[str] = []
    async with console.run_test(notifications=True) as pilot:
        screen = await keys(pilot)
        screen.change(lambda vault: (may_land.wait(10) and "first") or "", landed.append, command="")
        screen.change(lambda vault: "second", landed.append, command="")
        await until_said(pilot, "another change is still on its way")
        may_land.set()
        await until(pilot, lambda: landed == ["first"], "the first change")
        screen.change(lambda vault: "third", landed.append, command="")
        await until(pilot, lambda: landed == ["first", "third"], "the third change")


async def test_no_color_stays_readable(
    profile: Profile, clock: StoppedClock, fleet: LocalVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console(lambda opened: LocalVault.open(opened, clock), profile, clock)
    async with console.run_test() as pilot:
        await keys(pilot)
        for theme in ("keytui-dark", "keytui-light"):
            console.theme = theme
            await pilot.pause()
            assert not console.native_ansi_color
            strip = console.screen._compositor.render_strips()[0]
            colours = {(part.style.color, part.style.bgcolor) for part in strip if part.style and part.text.strip()}
            assert all(front != back for front, back in colours)


async def test_the_welcome_leaves_for_the_demo(console: Console) -> None:
    async with console.run_test() as pilot:
        await until(pilot, lambda: isinstance(console.screen, WelcomeScreen), "the welcome")
        await pilot.press("M")
        await until(pilot, lambda: not console.is_running, "the end")
    assert console.wants_demo
    assert console.return_value == 0


async def test_it_is_opened_once_however_often_it_is_asked_for(profile: Profile, clock: StoppedClock) -> None:
    may_open = Event()
    opened: list[Profile] = []

    def slowly(asked: Profile) -> LocalVault:
        opened.append(asked)
        may_open.wait(10)
        return LocalVault.open(asked, clock)

    console = Console(slowly, profile, clock)
    async with console.run_test() as pilot:
        await until_said(pilot, "◌ opening the vault")
        await pilot.press("r", "r")
        may_open.set()
        await until(pilot, lambda: isinstance(console.screen, WelcomeScreen), "the welcome")
    assert opened == [profile]


async def test_arming_before_the_vault_is_open_is_refused_in_words(profile: Profile, clock: StoppedClock) -> None:
    def unreachable(_: Profile) -> LocalVault:
        raise Unreachable("no vault here", "mount it")

    guarded = Profile(profile.name, profile.directory, profile.actor, read_only=True)
    console = Console(unreachable, guarded, clock)
    async with console.run_test(notifications=True) as pilot:
        await until_said(pilot, "no vault here")
        await pilot.press("W")
        await confirm(pilot, typed=guarded.name, closes=False)
        await until_said(pilot, "✗ the vault is not open yet")


async def test_q_waits_for_a_change_that_is_on_its_way(console: Console, fleet: LocalVault) -> None:
    may_land = Event()
    async with console.run_test(notifications=True) as pilot:
        screen = await keys(pilot)
        screen.change(lambda vault: may_land.wait(10), lambda _: None, command="")
        await pilot.press("q")
        await until_said(pilot, "a change is still on its way")
        assert console.is_running
        may_land.set()
        await until(pilot, lambda: not screen._changing, "the change")
        await pilot.press("q")
    assert console.return_value == 0
