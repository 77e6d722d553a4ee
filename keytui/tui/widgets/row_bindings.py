"""The keys of every table and of every text that scrolls: arrows and vi alike."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

TITLE: Final = "In a table"
OPEN: Final = Binding(
    "enter,l,right", "open", "open", key_display="enter", id="table.open", tooltip="Open what the cursor is on"
)
MARK: Final = Binding(
    "space", "mark", "mark", id="table.mark", tooltip="Mark or unmark the row; acting then takes all marked"
)


def _moves(where: str, of: str) -> tuple[Binding, ...]:
    """Up and down by one, by screens and halves of them, and to both ends, `of` what; their ids begin with `where`."""
    each = (
        ("up,k", "move(-1)", "up", "up", f"One {of} up"),
        ("down,j", "move(1)", "down", "down", f"One {of} down"),
        ("pageup,ctrl+b", "turn_page(-1)", "page up", "page-up", "A screen up"),
        ("pagedown,ctrl+f", "turn_page(1)", "page down", "page-down", "A screen down"),
        ("ctrl+u", "turn_page(-1, 2)", "half up", "half-up", "Half a screen up"),
        ("ctrl+d", "turn_page(1, 2)", "half down", "half-down", "Half a screen down"),
        ("g,home", "first", "first", "first", f"To the first {of}"),
        ("G,end", "last", "last", "last", f"To the last {of}"),
    )
    return tuple(
        Binding(keys, action, name, show=False, id=f"{where}.{to}", tooltip=tooltip)
        for keys, action, name, to, tooltip in each
    )


IN_TABLE: Final = _moves("table", "row")
IN_TEXT: Final = _moves("text", "line")
IN_SIGHT: Final = (
    Binding("H", "in_sight(0)", "high", show=False, id="table.high", tooltip="To the first row in sight"),
    Binding("M", "in_sight(1)", "middle", show=False, id="table.middle", tooltip="To the middle row in sight"),
    Binding("L", "in_sight(2)", "low", show=False, id="table.low", tooltip="To the last row in sight"),
)


def in_sight(top: int, lines: int, rows: int, halves: int) -> int:
    """The place of a row that is seen: so many halves down from `top`, of `rows` where `lines` are shown at once."""
    return top + (min(max(lines, 1), rows - top) - 1) * halves // 2
