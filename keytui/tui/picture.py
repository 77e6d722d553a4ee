"""What the terminal shows, cell by cell, and what it is to show: what differs is all that it has to be told."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Final
from unicodedata import east_asian_width

from rich.cells import split_graphemes

from keytui.tui.looks import PLAIN, Look, on_blanks, step

_UNKNOWN: Final = "\0"
_SECOND_HALF: Final = ""
"""What stands in the second cell of a wide character."""
_GAP: Final = 4
"""Cells between two that differ which are as soon said again as jumped over."""
_EMOJI: Final = "\U0001f000"


class Picture:
    """Two pictures of a terminal: the one that it shows and the one that was drawn since. Neither is known at first."""

    def __init__(self, columns: int, rows: int) -> None:
        self.size = (columns, rows)
        self.cursor = (0, 0)
        """Column and line where the cursor is to rest, from 0."""
        self._rests: tuple[int, int] | None = None
        self._drawn = [_Line(columns) for _ in range(rows)]
        self._shown = [_Line(columns) for _ in range(rows)]
        self._touched: set[int] = set()

    def draw(self, column: int, line: int, text: str, look: Look) -> int:
        """Draw a text without control characters; the column after it. What is beyond the edges is not seen."""
        cells = list(text) if text.isascii() else _cells(text)
        after = column + len(cells)
        if line < self.size[1] and self._drawn[line].put(column, cells, look):
            self._touched.add(line)
        return after

    def told(self) -> str:
        """What leads the terminal from what it shows to what was drawn. It counts as shown from then on."""
        pen = _Pen()
        for number in sorted(self._touched):
            drawn, shown = self._drawn[number], self._shown[number]
            for begin, end in _differing(drawn, shown):
                pen.write(begin, number, drawn.cells[begin:end], drawn.looks[begin:end])
            shown.cells[:], shown.looks[:] = drawn.cells, drawn.looks
        self._touched.clear()
        if pen.told or self.cursor != self._rests:
            pen.rest(self.cursor)
            self._rests = self.cursor
        return "".join(pen.told)


class _Line:
    """The cells of one line and their looks."""

    __slots__ = ("cells", "looks")

    def __init__(self, columns: int) -> None:
        self.cells = [_UNKNOWN] * columns
        self.looks = [PLAIN] * columns

    def put(self, column: int, cells: list[str], look: Look) -> bool:
        """Put cells there, all of one look; whether that changed anything."""
        cells = cells[: max(len(self.cells) - column, 0)]
        looks = _looks(cells, look)
        end = column + len(cells)
        if self.cells[column:end] == cells and self.looks[column:end] == looks:
            return False
        self._halve(column)
        self._halve(end)
        self.cells[column:end], self.looks[column:end] = cells, looks
        return True

    def _halve(self, column: int) -> None:
        """A wide character of which one half is drawn over is seen no more, as terminals have it."""
        if 0 < column < len(self.cells) and self.cells[column] == _SECOND_HALF:
            for half in (column - 1, column):
                self.cells[half], self.looks[half] = " ", on_blanks(self.looks[half])


def _looks(cells: list[str], look: Look) -> list[Look]:
    blank = on_blanks(look)
    if blank is look or " " not in cells:
        return [look] * len(cells)
    return [blank if cell == " " else look for cell in cells]


@lru_cache(maxsize=4096)
def _cells(text: str) -> list[str]:
    """A text by cells. What has no width of its own belongs to the cell before."""
    cells: list[str] = []
    for begin, end, width in split_graphemes(text)[0]:
        if width:
            cells += [text[begin:end], *[_SECOND_HALF] * (width - 1)]
    return cells


def forget_texts() -> None:
    """Keep no text that was drawn: it may have been a secret."""
    _cells.cache_clear()


def _differing(drawn: _Line, shown: _Line) -> list[tuple[int, int]]:
    """Where to write, from the left: begin and end of each stretch."""
    pairs = zip(drawn.cells, shown.cells, drawn.looks, shown.looks, strict=True)
    columns = [column for column, (cell, was, look, looked) in enumerate(pairs) if cell != was or look is not looked]
    stretches = _stretches(columns, drawn)
    for begin, end in stretches:
        if _has_doubtful(drawn.cells[begin:end]):
            behind = (column for column in range(begin, len(drawn.cells)) if drawn.cells[column] != _UNKNOWN)
            return _stretches([*(column for column in columns if column < begin), *behind], drawn)
    return stretches


def _stretches(columns: list[int], drawn: _Line) -> list[tuple[int, int]]:
    """The columns in stretches, each with what is as soon said again as jumped over."""
    if not columns:
        return []
    jumps = (at for at, (left, right) in enumerate(pairwise(columns), 1) if right - left > 1)
    cuts = [at for at in jumps if not _joined(drawn, columns[at - 1], columns[at])]
    return [(columns[begin], _whole(drawn, columns[end - 1] + 1)) for begin, end in pairwise([0, *cuts, len(columns)])]


def _joined(drawn: _Line, left: int, right: int) -> bool:
    if right - left - 1 > _GAP:
        return False
    looks = {drawn.looks[left], on_blanks(drawn.looks[left])}
    between = range(left + 1, right)
    return all(drawn.looks[column] in looks and drawn.cells[column] != _UNKNOWN for column in between)


def _whole(drawn: _Line, end: int) -> int:
    """Where a stretch ends that does not end within a wide character."""
    return end + 1 if end < len(drawn.cells) and drawn.cells[end] == _SECOND_HALF else end


def _has_doubtful(cells: list[str]) -> bool:
    return not "".join(cells).isascii() and any(map(_doubtful, cells))


def _doubtful(cell: str) -> bool:
    """Whether terminals may not agree on its width: sequences, emoji, and what is no letter or symbol of its own."""
    return len(cell) > 1 or cell >= _EMOJI or not (cell.isprintable() or cell == _UNKNOWN)


def _ambiguous(text: str) -> bool:
    """Whether terminals set to an East Asian language make two cells of a character that is one to all others."""
    return not text.isascii() and any(east_asian_width(character) == "A" for character in text)


class _Pen:
    """Writes cells at places. `told` is what the terminal is to be told for it."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self._look = PLAIN
        self._at: tuple[int, int] | None = None
        """Where the terminal's cursor is. None where it may be on another line."""
        self._sure = True
        """Whether it is in that column too: some terminals make two cells of `●`."""

    def write(self, column: int, line: int, cells: list[str], looks: list[Look]) -> None:
        """Cells of one line, each with its look."""
        begin = 0
        for end in range(1, len(cells) + 1):
            if end == len(cells) or looks[end] is not looks[begin]:
                self._take(looks[begin])
                self._say(column + begin, line, cells[begin:end])
                begin = end

    def rest(self, place: tuple[int, int]) -> None:
        """End with no colours, and the cursor in its place."""
        self._take(PLAIN)
        self._go(*place)

    def _take(self, look: Look) -> None:
        codes, self._look = step(self._look, look)
        self.told.append(codes)

    def _say(self, column: int, line: int, cells: list[str]) -> None:
        if not _has_doubtful(cells):
            self._go(column, line)
            said = "".join(cells)
            self.told.append(said)
            self._at = column + len(cells), line
            self._sure = not _ambiguous(said)
            return
        for at, cell in enumerate(cells, column):
            if cell == _SECOND_HALF:
                continue
            self._go(at, line)
            width = 2 if _SECOND_HALF in cells[at - column + 1 : at - column + 2] else 1
            if _doubtful(cell):
                self.told.append(f"{' ' * width}\x1b[{line + 1};{at + 1}H{cell}")
                self._at = None
            else:
                self.told.append(cell)
                self._at, self._sure = (at + width, line), not _ambiguous(cell)

    def _go(self, column: int, line: int) -> None:
        if self._sure and self._at == (column, line):
            return
        if not self._sure and self._at is not None and self._at[1] == line:
            self.told.append(f"\x1b[{column + 1}G")
        elif self._at is not None and self._at[1] == line and column > self._at[0]:
            self.told.append(f"\x1b[{column - self._at[0]}C")
        else:
            self.told.append(f"\x1b[{line + 1};{column + 1}H")
        self._at, self._sure = (column, line), True
