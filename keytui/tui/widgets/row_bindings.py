"""The keys of every table: arrows and vi alike."""

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
MOVES: Final = (
    Binding("up,k", "move(-1)", "up", show=False, id="table.up", tooltip="One row up"),
    Binding("down,j", "move(1)", "down", show=False, id="table.down", tooltip="One row down"),
    Binding("pageup", "turn_page(-1)", "page up", show=False, id="table.page-up", tooltip="One screen up"),
    Binding("pagedown", "turn_page(1)", "page down", show=False, id="table.page-down", tooltip="One screen down"),
    Binding("g,home", "first", "first", show=False, id="table.first", tooltip="To the first row"),
    Binding("G,end", "last", "last", show=False, id="table.last", tooltip="To the last row"),
)
