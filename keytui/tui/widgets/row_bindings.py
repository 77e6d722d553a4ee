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
    Binding("pageup,ctrl+b", "turn_page(-1)", "page up", show=False, id="table.page-up", tooltip="A screen up"),
    Binding("pagedown,ctrl+f", "turn_page(1)", "page down", show=False, id="table.page-down", tooltip="A screen down"),
    Binding("ctrl+u", "turn_page(-1, 2)", "half up", show=False, id="table.half-up", tooltip="Half a screen up"),
    Binding("ctrl+d", "turn_page(1, 2)", "half down", show=False, id="table.half-down", tooltip="Half a screen down"),
    Binding("g,home", "first", "first", show=False, id="table.first", tooltip="To the first row"),
    Binding("G,end", "last", "last", show=False, id="table.last", tooltip="To the last row"),
)
