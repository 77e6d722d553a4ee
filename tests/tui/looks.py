"""How a screen looks, as text that a person can compare: its words at three sizes, and its styles in each theme.

A screen is mounted once, and dragged from size to size and from theme to theme. What has to hold of any screen at any
size is looked at on the way (see `holding.py`); and that it is as it was after a window that has no room for it.
"""

from __future__ import annotations

import string
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from itertools import groupby
from typing import Final

from rich.style import Style
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.filter import monochrome_style
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Select

from keytui.tui.app import Console
from keytui.tui.screens.wizard.step import StepBody
from keytui.tui.themes import THEMES
from keytui.vault.appearance import ThemeName
from tests.tui.holding import holds_at_any_size, is_readable
from tests.tui.rotation.walking import Walk, drawn, until_handled

SIZES: Final = ((120, 36), (80, 24), (60, 20))
THEMED: Final = (ThemeName.DARK, ThemeName.LIGHT, ThemeName.HIGH_CONTRAST, ThemeName.ANSI)
TINY: Final = ((1, 1), (20, 3))
LARGE: Final = ((200, 60), (300, 100))
_STYLES: Final = "== styles"
_FIELDS: Final = (Checkbox, Input, Select)
_LETTERS: Final = string.ascii_letters
Go = Callable[[Walk], Awaitable[None]]


class LookFile(SingleFileSnapshotExtension):
    """A look in a text file of its own."""

    _write_mode = WriteMode.TEXT
    _file_extension = "txt"


async def look_of(console: Console, go: Go, *, themes: Sequence[ThemeName] = THEMED) -> str:
    """Go to a screen, and write down how it looks in the first two themes, or in the only one.

    Fails where it does not hold at some size or cannot be read in some theme.
    """
    async with console.run_test(size=SIZES[0]) as pilot:
        await go(pilot)
        book = _Book()
        for size in SIZES:
            await _dragged(pilot, size)
            book.note(size, *[await _drawn_in(pilot, theme) for theme in themes[:2]])
        await _as_before_once_there_is_room_again(pilot, book)
        for theme in themes[2:]:
            await _drawn_in(pilot, theme)
        for size in LARGE:
            await _dragged(pilot, size)
        return f"{_name(console)}\n\n{book.text()}"


def _name(console: Console) -> str:
    """The screens from the top of the stack down, with the wizard's step."""
    steps = [type(step).__name__ for step in console.screen.query(StepBody)]
    return " over ".join([*steps, *(type(screen).__name__ for screen in reversed(console.screen_stack))])


async def _dragged(pilot: Walk, size: tuple[int, int]) -> None:
    if tuple(pilot.app.size) != size:
        await pilot.resize_terminal(*size)
        await until_handled(pilot)
    assert isinstance(pilot.app, Console)
    holds_at_any_size(pilot.app)


async def _as_before_once_there_is_room_again(pilot: Walk, book: _Book) -> None:
    """A tiny window may show next to nothing. After it there is the same, down to what was typed."""
    before = _held(pilot.app.screen_stack)
    for size in TINY:
        await pilot.resize_terminal(*size)
        await until_handled(pilot)
    for size, page in zip(SIZES, book.pages, strict=True):
        await _dragged(pilot, size)
        told = unified_diff(page.partition(_STYLES)[0].splitlines(), _words(size, drawn(pilot)), lineterm="")
        assert not (other := list(told)), "\n".join(other)
        assert _held(pilot.app.screen_stack) == before


def _held(screens: Sequence[Screen[object]]) -> list[object]:
    """The screens, what has the focus in each, and its fields with what is in them."""
    widgets = [widget for screen in screens for widget in screen.query(Widget)]
    fields = [(field, field.value) for field in widgets if isinstance(field, _FIELDS)]
    return [*((screen, screen.focused) for screen in screens), *fields]


async def _drawn_in(pilot: Walk, theme: ThemeName) -> list[Strip]:
    if pilot.app.theme != THEMES[theme].name:
        pilot.app.theme = THEMES[theme].name
        await until_handled(pilot)
    strips = drawn(pilot)
    is_readable(pilot.app.screen, strips, theme)
    return strips


Cell = tuple[str, Style]


@dataclass
class _Book:
    """Pages of words, and the letters for the styles that they are drawn in: dark and light together make a style."""

    pages: list[str] = field(default_factory=list)
    letters: dict[tuple[Style, Style], str] = field(default_factory=dict)

    def note(self, size: tuple[int, int], dark: list[Strip], light: list[Strip] | None = None) -> None:
        """Write down a page. Both show the same words."""
        both = zip(dark, light or dark, strict=True)
        pairs = [list(zip(_seen(one), _seen(other), strict=True)) for one, other in both]
        self.pages.append("\n".join([*_words(size, dark), _STYLES, *map(self._runs, pairs), ""]))

    def _runs(self, cells: Iterable[tuple[Cell, Cell]]) -> str:
        letters = [self._letter(dark[1], light[1]) for dark, light in cells]
        return " ".join(f"{len(list(run))}{letter}" for letter, run in groupby(letters))

    def _letter(self, dark: Style, light: Style) -> str:
        number = len(self.letters)
        return self.letters.setdefault((dark, light), _LETTERS[number % 52] * (1 + number // 52))

    def text(self) -> str:
        legend = [
            f"{letter:<3} dark {dark!s:<30}  light {light!s:<30}  NO_COLOR {monochrome_style(dark)}".rstrip()
            for (dark, light), letter in self.letters.items()
        ]
        return "\n".join([*self.pages, "== legend", *legend, ""])


def _words(size: tuple[int, int], strips: list[Strip]) -> list[str]:
    return [f"== {size[0]}x{size[1]}", *(strip.text.rstrip() for strip in strips)]


def _seen(strip: Strip) -> Iterator[Cell]:
    """Its characters with what can be seen of their style: of a blank that is the ground."""
    for text, style, _ in strip:
        for character in text:
            yield character, _visible(style or Style(), blank=character.isspace())


def _visible(style: Style, *, blank: bool) -> Style:
    ground = style.color if blank and style.reverse else style.bgcolor
    if blank:
        return Style(bgcolor=ground, underline=style.underline, strike=style.strike)
    return Style(
        color=style.color,
        bgcolor=style.bgcolor,
        bold=style.bold,
        dim=style.dim,
        italic=style.italic,
        underline=style.underline,
        reverse=style.reverse,
        strike=style.strike,
    )
