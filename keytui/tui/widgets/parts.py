"""How the parts of the monitor share the screen: one below the other, or on a broad one the first beside the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from textual.app import ComposeResult
from textual.containers import Container, Vertical

from keytui.tui.widgets.live_table import LiveTable

_FLOORS: Final = {"alerts": 4, "refusals": 3, "keys": 5, "rotations": 6}
"""Lines that a part keeps as long as there are any, its head among them."""
_COMFORT: Final = {"alerts": 8, "refusals": 7, "rotations": 13}
"""Lines that a part gets before the keys take what is left."""
_DANGER: Final = ("alerts", "refusals", "keys", "rotations")
"""Whose lines go last, first."""
_BROAD: Final = 160
"""Cells from which on the keys have a side of their own."""
_ROOMY: Final = 28
"""Lines from which on a blank one stands between two parts."""


class Parts(Container):
    """Tables with the ids `keys`, `alerts`, `refusals` and `rotations`."""

    DEFAULT_CSS = """
    Parts {
        height: 1fr;
        & > Vertical { height: auto; }
        &.-spaced LiveTable { margin-bottom: 1; }
        &.-broad { layout: horizontal; }
        &.-broad > LiveTable { width: 3fr; height: 1fr; }
        &.-broad > Vertical { width: 2fr; height: 1fr; margin-left: 2; }
    }
    """

    def __init__(self, first: LiveTable[Any], *others: LiveTable[Any]) -> None:
        super().__init__()
        self.tables = (first, *others)

    def compose(self) -> ComposeResult:
        yield self.tables[0]
        yield Vertical(*self.tables[1:])

    @property
    def focused(self) -> LiveTable[Any]:
        """The table that has the focus, or had it before a screen above this one."""
        return next((table for table in self.tables if table is self.screen.focused), self.tables[0])

    def next_part(self, by: int) -> None:
        """Put the focus `by` tables further."""
        self.tables[(self.tables.index(self.focused) + by) % len(self.tables)].focus()

    def on_resize(self) -> None:
        self.share_out()

    def on_descendant_focus(self) -> None:
        self.share_out()

    def share_out(self) -> None:
        """Give each table its lines, now that rows may have come or gone. Only a change is laid out anew."""
        broad = self.size.width >= _BROAD
        self.set_class(broad, "-broad")
        if broad:
            self.tables[0].styles.height = "1fr"
        tables = {table.id or "": table for table in self.tables[1 if broad else 0 :]}
        spaced = self.size.height >= _ROOMY
        self.set_class(spaced, "-spaced")
        height = self.size.height - (len(tables) if spaced else 0)
        lines = shared(height, {part: table.lines for part, table in tables.items()}, self.focused.id or "")
        for part, table in tables.items():
            table.styles.height = lines[part]


def shared(height: int, wanted: Mapping[str, int], focused: str) -> dict[str, int]:
    """Lines for each part of `wanted`. Every part keeps its head; what has the focus comes first, then the danger."""
    order = sorted((part for part in _DANGER if part in wanted), key=lambda part: part != focused)
    given = dict.fromkeys(order, 1)
    floors = {**_FLOORS, focused: max(height // 2, _FLOORS.get(focused, 0))}
    for most in (floors, _COMFORT, wanted):
        for part in order:
            left = height - sum(given.values())
            aim = min(most.get(part, 0), wanted[part])
            given[part] += max(min(aim - given[part], left), 0)
        order.sort(key=lambda part: part not in (focused, "keys"))
    return given
