"""Keys of the operator's own: taken where they hold, and refused with line and near word where they do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, Static
from textual.widgets._footer import FooterKey

from keytui.domain.errors import Invalid
from keytui.tui.app import Console
from keytui.tui.bindings import by_id
from keytui.tui.keymap import load_keymap
from keytui.tui.screens.help import HelpScreen
from keytui.tui.screens.keys import KeysScreen
from keytui.tui.screens.usage import UsageScreen
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.tui.rotation.walking import until
from tests.tui.walking import keys
from tests.world import StoppedClock


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(f"[keymap]\n{text}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ('"table.dwon" = "e"', 2, "did you mean table.down"),
        ('"app.help" = "f1"\n"keys.sort" = "pagdown"', 3, "did you mean pagedown"),
        ('"key.rotate" = "ctrl+r"', 2, "shift and a letter"),
        ('"approvals.approve" = "z"', 2, "shift and a letter"),
        ('"approvals.approve" = "f9,enter"', 2, "shift and a letter"),
        ('"key.rotate" = "space"', 2, "shift and a letter"),
        ('"key.rotate" = "D"', 2, "D is key.disable already"),
        ('"key.disable" = "R"\n"key.rotate" = "T"', 2, "take a key for this change that nothing had"),
        ('"table.down" = "R"', 2, "R is key.rotate already"),
        ('"keys.sort" = "S"', 2, "S is app.profiles already"),
        ('"watch.note" = "w"', 2, "shift and a letter"),
        ('"watch.roll-back" = "T"', 2, "T is watch.retire already"),
        ('"keys.sort" = "tab"', 2, "app.focus_next"),
        ('"screen.back" = "z"', 2, "text fields take z"),
        ('"app.palette-anywhere" = "f9,x"', 2, "text fields need x"),
        ('"keys.sort" = "ctrl+c"', 2, "stop"),
        ('"keys.sort" = "ctrl+m"', 2, "sent by a terminal as enter"),
        ('"keys.sort" = "\u0301"', 2, "is no key"),
        ('"keys.sort" = "combining_acute_accent"', 2, "is no key"),
        ('"app.help" = "f1"\napp.help = "f2"', 2, "stands twice"),
        ('"keys.sort" = "shift+t"', 2, 'write "T"'),
        ('"keys.sort" = ""', 2, "is no key"),
        ('"keys.sort" = "\\u001b[31m"', 2, r"'\x1b[31m'"),
        ('"keys.sort" = 3', 2, "a key in quotes"),
        ('[keymap.keys]\nsort = "1"', 3, "1 is app.keys already"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line_and_the_way_out(
    tmp_path: Path, text: str, line: int, told: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(Invalid) as refused:
        load_keymap(path)
    assert str(refused.value.message).startswith(f"{path}:{line}: [keymap] ")
    assert told in f"{refused.value.message}; {refused.value.hint}"


def test_two_keys_may_be_exchanged_and_names_are_understood_as_the_pages_write_them(tmp_path: Path) -> None:
    path = written(
        tmp_path, 'keys.sort = "q"\n"app.quit" = "s"\n"app.help" = "f1, ?"\n"table.page-down" = "page down,b"'
    )
    assert load_keymap(path) == {
        "keys.sort": "q",
        "app.quit": "s",
        "app.help": "f1,question_mark",
        "table.page-down": "pagedown,b",
    }


def test_every_binding_may_have_a_key_that_nothing_has(tmp_path: Path) -> None:
    """So no screen has a binding that cannot be mapped; and the map of what is had now is taken as it stands."""
    for name in by_id():
        assert load_keymap(written(tmp_path, f'"{name}" = "f12"')) == {name: "f12"}
    every = "\n".join(f'"{name}" = "{binding.key}"' for name, binding in by_id().items())
    assert len(load_keymap(written(tmp_path, every))) == len(by_id())


async def test_the_keys_work_as_mapped_and_footer_help_and_bar_show_them(
    tmp_path: Path, fleet: LocalVault, profile: Profile, clock: StoppedClock
) -> None:
    mapped = '"table.down" = "e,down"\n"app.usage" = "f3"\n"app.help" = "f1"\n"keys.sort" = "o"'
    console = Console(lambda _: fleet, profile, clock, configuration=written(tmp_path, mapped))
    async with console.run_test(size=(80, 24)) as pilot:
        screen = await keys(pilot)
        first = screen.table.cursor_row
        await pilot.press("j")
        assert screen.table.cursor_row == first
        await pilot.press("e")
        assert screen.table.cursor_row != first
        footer = {key.key_display: key.description for key in screen.query(FooterKey)}
        assert (footer["o"], footer["f1"]) == ("sort", "help")
        assert "f3 Usage" in str(screen.query_one("ModeBar").render())
        await pilot.press("slash", "e")
        assert screen.query_one("#filter", Input).value == "e"
        await pilot.press("enter", "f1")
        await until(pilot, lambda: isinstance(console.screen, HelpScreen) and console.screen.is_mounted, "help")
        assert "e ↓" in str(console.screen.query_one("#bindings").render())
        await pilot.press("escape", "3")
        assert isinstance(console.screen, KeysScreen)
        await pilot.press("f3")
        await until(pilot, lambda: isinstance(console.screen, UsageScreen), "usage")


async def test_a_keymap_that_does_not_hold_keeps_the_vault_shut_until_it_is_mended(
    tmp_path: Path, fleet: LocalVault, profile: Profile, clock: StoppedClock
) -> None:
    path = written(tmp_path, '"key.rotaet" = "T"')
    console = Console(lambda _: fleet, profile, clock, configuration=path)
    async with console.run_test(size=(80, 24)) as pilot:
        face = console.screen.query_one("#face", Static)
        await until(pilot, lambda: "config.toml:2" in str(face.content), "the refusal")
        written(tmp_path, '"key.rotate" = "T"')
        await pilot.press("r")
        await keys(pilot)
