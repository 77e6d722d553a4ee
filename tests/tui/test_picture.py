"""A terminal that is told only what differs shows what it would show if Textual told it everything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from keytui.tui.drawing import draw
from keytui.tui.picture import Picture
from tests.end_to_end.display import look

CONSOLE: Final = Console(color_system="truecolor", force_terminal=True)
FAMILY: Final = "👨\u200d👩\u200d👧"
"""Two cells to Textual, six to many a terminal."""
AGREED: Final = ("a", "b ", " ", "   ", "●", "─", "漢", "字典", "é", "e\u0301", "مفتاح", "▌")
DISPUTED: Final = (*AGREED, FAMILY, "🇩🇪", "☺\ufe0f", "\ue0b0")
STYLES: Final = tuple(
    Style.parse(style)
    for style in (
        "none",
        "red",
        "#d5dae0 on #12161b",
        "bold #d5dae0 on #12161b",
        "on #12161b",
        "dim italic on blue",
        "reverse",
        "underline #ffffff",
        "bold reverse strike on red",
    )
)


class Eye(pyte.Screen):
    """A terminal as others than pyte's are: half a wide character is not seen."""

    def draw(self, data: str) -> None:
        for character in data:
            line, column = self.buffer[self.cursor.y], self.cursor.x
            cells = pyte.screens.wcwidth(character)
            for half, other in ((column, column - 1), (column + cells, column + cells - 1)):
                if cells > 0 and 0 < half < self.columns and line[half].data == "":
                    line[half], line[other] = (line[at]._replace(data=" ") for at in (half, other))
            super().draw(character)

    @property
    def seen(self) -> list[list[object]]:
        """Every cell with its colours."""
        return [[look(self.buffer[y][x]) for x in range(self.columns)] for y in range(self.lines)]


@dataclass
class Terminal:
    """An emulated terminal with wrapping off, as Textual has it."""

    columns: int
    rows: int
    eye: Eye = field(init=False)

    def __post_init__(self) -> None:
        self.eye = Eye(self.columns, self.rows)
        self._stream = pyte.Stream(self.eye)
        self.write("\x1b[?7l")

    def write(self, data: str) -> None:
        self._stream.feed(data.replace("\n", "\r\n"))


@dataclass(frozen=True)
class Update:
    """Something drawn there, by lines."""

    region: Region
    strips: tuple[Strip, ...]
    told: bool
    """Whether the terminal is told at once."""

    def written(self) -> str:
        """As Textual writes it."""
        x, y, width, height = self.region
        update: CompositorUpdate = LayoutUpdate([[strip] for strip in self.strips], self.region)
        if y or x:
            chops = [{x: strip} for strip in [Strip([])] * y + list(self.strips)]
            spans = [(line, x, x + width) for line in range(y, y + height)]
            update = ChopsUpdate(chops, spans, [[x + width]] * (y + height))
        return update.render_segments(CONSOLE) + "\x1b[1;1H"


@st.composite
def stories(data: st.DrawFn, texts: tuple[str, ...]) -> tuple[int, int, list[Update]]:
    """A size, and what is drawn on it."""
    columns, rows = data(st.integers(1, 14)), data(st.integers(1, 3))
    segment = st.tuples(st.sampled_from(texts), st.sampled_from(STYLES)).map(lambda made: Segment(*made))

    def update(whole: bool) -> Update:
        x = 0 if whole else data(st.integers(0, columns - 1))
        y = 0 if whole else data(st.integers(0, rows - 1))
        width = columns if whole else data(st.integers(1, columns - x))
        height = rows if whole else data(st.integers(1, rows - y))
        lines = data(st.lists(st.lists(segment, max_size=5), min_size=height, max_size=height))
        strips = tuple(Strip(line).adjust_cell_length(width) for line in lines)
        return Update(Region(x, y, width, height), strips, data(st.booleans()))

    return columns, rows, [update(not number) for number in range(data(st.integers(1, 6)))]


def drawn(terminal: Terminal, picture: Picture, updates: list[Update]) -> None:
    for update in updates:
        assert draw(update.written(), picture)
        if update.told:
            terminal.write(picture.told())
    terminal.write(picture.told())


@settings(max_examples=75, deadline=None)
@given(st.lists(stories(AGREED), min_size=1, max_size=3))
def test_it_shows_what_textual_shows(story: list[tuple[int, int, list[Update]]]) -> None:
    """Each story has a size of its own: the terminal is resized, and the picture forgotten."""
    told, textual = Terminal(1, 1), Terminal(1, 1)
    for columns, rows, updates in story:
        for terminal in (told, textual):
            terminal.eye.resize(rows, columns)
        for update in updates:
            textual.write(update.written())
        drawn(told, Picture(columns, rows), updates)
        assert told.eye.seen == textual.eye.seen


@settings(max_examples=150, deadline=None)
@given(stories(DISPUTED))
def test_what_a_terminal_takes_for_wider_or_narrower_shows_as_if_all_was_drawn_anew(
    story: tuple[int, int, list[Update]],
) -> None:
    columns, rows, updates = story
    picture, anew = Picture(columns, rows), Picture(columns, rows)
    step_by_step, whole = Terminal(columns, rows), Terminal(columns, rows)
    drawn(step_by_step, picture, updates)
    drawn(whole, anew, [Update(update.region, update.strips, False) for update in updates])
    assert step_by_step.eye.seen == whole.eye.seen


def test_equal_cells_say_nothing() -> None:
    picture = Picture(20, 2)
    line = "\x1b[1;1H\x1b[31mname \x1b[0m\x1b[1;31;44mtk_1\x1b[0m\x1b[1;1H"
    assert draw(line, picture)
    assert picture.told() == "\x1b[31m\x1b[1;1Hname \x1b[1;44mtk_1\x1b[m\x1b[1;1H"
    assert draw(line.replace("name", "game"), picture)
    assert draw(line, picture)
    assert picture.told() == ""


def test_only_the_cells_that_differ_are_said() -> None:
    picture = Picture(40, 1)
    draw("\x1b[1;1Hpayments production 3 keys\x1b[1;1H", picture)
    picture.told()
    draw("\x1b[1;1Hpayments production 4 keys\x1b[1;1H", picture)
    assert picture.told() == "\x1b[1;21H4\x1b[1;1H"


def test_what_follows_a_wide_character_keeps_its_place() -> None:
    picture, terminal = Picture(12, 1), Terminal(12, 1)
    for text in ("字abcdefgh1", "漢abcdefgh2"):
        draw(f"\x1b[1;1H{text}\x1b[1;1H", picture)
        terminal.write(picture.told())
    assert terminal.eye.display == ["漢abcdefgh2 "]


def test_what_follows_a_character_of_two_cells_in_some_places_is_placed_anew() -> None:
    picture = Picture(12, 1)
    draw("\x1b[1;1H\x1b[31m●\x1b[0m key-1    a\x1b[1;1H", picture)
    assert picture.told() == "\x1b[31m\x1b[1;1H●\x1b[2G \x1b[mkey-1    a\x1b[1;1H"


@pytest.mark.parametrize("data", ["\x1b[2J", "\x1b[1;1H\x1b]8;;https://x\x1b\\a\x1b]8;;\x1b\\", "\x1b[1;1Ha\tb", "\r"])
def test_what_is_no_drawing_is_said_to_be_none(data: str) -> None:
    assert not draw(data, Picture(20, 2))
