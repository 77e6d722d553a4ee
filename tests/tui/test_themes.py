"""Themes: chosen at the start and by the palette, kept, and whole where there is no colour."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest
from rich.color import Color
from textual.command import CommandPalette
from textual.widget import Widget

from keytui.tui.app import Console
from keytui.tui.theme_choice import first_theme
from keytui.tui.themes import THEMES
from keytui.vault.appearance import ThemeName, load_theme
from keytui.vault.kept_theme import keep_theme
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.tui.holding import contrast
from tests.tui.rotation.walking import Walk, drawn, said, until, until_said, until_still
from tests.tui.walking import keys
from tests.world import StoppedClock

Cell = tuple[Color | None, tuple[object, ...]]


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast(Color.parse("#ffffff"), Color.parse("#000000")) == pytest.approx(21)
    assert contrast(Color.parse("#777777"), Color.parse("#ffffff")) == pytest.approx(4.48, abs=0.01)


def test_the_first_theme_is_the_chosen_one_else_what_the_terminal_can_show() -> None:
    for name, theme in THEMES.items():
        assert first_theme(name, no_color=False, colours="standard") == theme.name
    assert first_theme(None, no_color=False, colours="truecolor") == THEMES[ThemeName.DARK].name
    assert first_theme(None, no_color=False, colours="standard") == THEMES[ThemeName.ANSI].name


@pytest.mark.parametrize("name", [None, *ThemeName])
def test_without_colour_a_theme_brings_its_own_greys(name: ThemeName | None) -> None:
    theme = next(
        theme for theme in THEMES.values() if theme.name == first_theme(name, no_color=True, colours="standard")
    )
    assert not theme.ansi
    assert name in (None, ThemeName.ANSI) or theme is THEMES[name]


async def test_the_palette_changes_the_theme_and_it_is_kept(
    fleet: LocalVault, profile: Profile, clock: StoppedClock, tmp_path: Path
) -> None:
    path = tmp_path / "config.toml"
    console = Console(lambda _: fleet, profile, clock, keep_theme=partial(keep_theme, path))
    async with console.run_test(notifications=True) as pilot:
        await keys(pilot)
        await pilot.press("colon")
        await until_said(pilot, "Rotate, guided")
        await pilot.press(*"theme high")
        await until(pilot, lambda: _listed(said(pilot)) == ["Theme: high-contrast"], "what was typed, and nothing else")
        await pilot.press("enter")
        if isinstance(console.screen, CommandPalette):
            await pilot.press("enter")
        await until(pilot, lambda: console.theme == "keytui-high-contrast", "the theme")
        await until_said(pilot, "theme high-contrast", "kept in")
    assert load_theme(path) is ThemeName.HIGH_CONTRAST


def _listed(shown: str) -> list[str]:
    """The themes that the palette offers."""
    return re.findall("Theme: [a-z-]+", shown)


async def test_a_theme_that_cannot_be_kept_is_shown_all_the_same(
    fleet: LocalVault, profile: Profile, clock: StoppedClock, tmp_path: Path
) -> None:
    path = tmp_path / "config.toml"
    path.mkdir()
    console = Console(lambda _: fleet, profile, clock, keep_theme=partial(keep_theme, path))
    async with console.run_test(notifications=True) as pilot:
        await keys(pilot)
        console.choose_theme(ThemeName.LIGHT)
        await until_said(pilot, "▲ the theme is this console's alone", "cannot be read")
        assert console.theme == "keytui-light"


async def test_without_colour_the_terminals_own_are_refused_in_words(
    fleet: LocalVault, profile: Profile, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console(lambda _: fleet, profile, clock)
    async with console.run_test(notifications=True) as pilot:
        await keys(pilot)
        console.choose_theme(ThemeName.ANSI)
        await until_said(pilot, "NO_COLOR is set")
        assert not console.native_ansi_color


@pytest.mark.parametrize("name", list(ThemeName))
async def test_what_has_the_focus_is_seen_without_colour(
    fleet: LocalVault, profile: Profile, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch, name: ThemeName
) -> None:
    """The table, its row under the cursor, a field, a choice and a button: each looks otherwise with the focus."""
    if name is not ThemeName.ANSI:
        monkeypatch.setenv("NO_COLOR", "1")
    console = Console(lambda _: fleet, profile, clock, theme=name)
    async with console.run_test() as pilot:
        screen = await keys(pilot)
        await until_still(pilot)
        assert "▌" in drawn(pilot)[screen.table.region.y + 1].text
        await pilot.press("X")
        await until_said(pilot, "Revoke")
        for widget in console.screen.focus_chain:
            assert await _told_apart(pilot, widget), f"{widget} looks the same with the focus and without it"


async def _told_apart(pilot: Walk, widget: Widget) -> bool:
    pilot.app.screen.set_focus(None)
    await until_still(pilot)
    before = _greys(pilot, widget)
    pilot.app.screen.set_focus(widget)
    await until_still(pilot)
    return any(
        one[1] != other[1] or _differ(one[0], other[0])
        for one, other in zip(before, _greys(pilot, widget), strict=True)
    )


def _greys(pilot: Walk, widget: Widget) -> list[Cell]:
    """Of each cell the ground, and what of its style is no colour."""
    region = widget.region
    cells: list[Cell] = []
    for strip in drawn(pilot)[region.y : region.bottom]:
        for text, style, _ in strip.crop(region.x, region.right):
            assert style is not None
            shape = (bool(style.bold), bool(style.underline), bool(style.reverse))
            cells.extend([(style.bgcolor, (character, *shape)) for character in text])
    return cells


def _differ(one: Color | None, other: Color | None) -> bool:
    if one is None or other is None or one.is_default or other.is_default:
        return False
    return contrast(one, other) >= 3.0
