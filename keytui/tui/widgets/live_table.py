"""A table that is shown anew once a second: the cursor follows its row, and only cells whose words changed are sent.

A screen of a terminal is cut where widgets begin, and of a changed widget everything from its left edge is sent. So
each column is a widget of its own: a rate that changes costs its seven cells, and not the row before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, Generic

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from keytui.tui.widgets import row_bindings
from keytui.tui.widgets.columns import GAP, Column, Fitted, Row, cell, fitted, sized
from keytui.tui.widgets.lean import reversed_if

AHEAD: Final = 50
"""Rows asked for beyond those that are seen."""
_GUTTER: Final = 2
Line = tuple[str, Content]
"""The component class that draws a line (empty: the widget's own style), and its words."""


class LiveCells(Widget):
    """Lines one below the other, each drawn again only when its words or its style changed."""

    DEFAULT_CSS = "LiveCells { height: 1fr; }"

    def __init__(self, line: Callable[[int], Line], styled_by: Widget | None = None) -> None:
        super().__init__()
        self._line = line
        self._styled_by = styled_by or self
        self._drawn: dict[int, Line] = {}

    def redraw(self) -> None:
        """Draw the lines that changed, and no others."""
        for y in range(self.size.height):
            name, content = self._line(y)
            before = self._drawn.get(y)
            if before is None or before[0] != name or not before[1].is_same(content):
                self.refresh(Region(0, y, self.size.width, 1))

    def on_resize(self) -> None:
        self._drawn.clear()

    def render_line(self, y: int) -> Strip:
        name, content = self._drawn[y] = self._line(y)
        style = self._styled_by.get_visual_style(name) if name else self._styled_by.visual_style
        strips = Visual.to_strips(self, content, self.size.width, 1, style, pad=True)
        line = strips[0] if strips else Strip.blank(self.size.width)
        return reversed_if(line, self._styled_by.get_component_styles(name)) if name else line


class LiveTable(Widget, Generic[Row], can_focus=True):
    """Rows of one kind under a head, whose first title counts them. Without rows it is one line that says so."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--head", "table--cursor", "table--idle-cursor"}
    DEFAULT_CSS = """
    LiveTable {
        layout: horizontal; height: 1fr; padding-right: 1;
        & > .table--head { color: $quiet; }
        & > .table--cursor {
            background: $cursor-background; color: $cursor-foreground; text-style: $cursor-style;
        }
        & > .table--idle-cursor { color: $foreground; }
    }
    """
    BINDING_GROUP_TITLE = row_bindings.TITLE
    BINDINGS: ClassVar[list[BindingType]] = [row_bindings.OPEN, *row_bindings.IN_TABLE, *row_bindings.IN_SIGHT]

    class Said(Message):
        """Anything that a table says; `@on(LiveTable.Opened, "#id")` tells tables apart."""

        def __init__(self, table: LiveTable[Any]) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> LiveTable[Any]:
            return self.table

    class Wanted(Said):
        """The operator has come near the end of the rows that are here, and there are more: show `reach` of them."""

    class Moved(Said):
        """The cursor is on another row, or its row has changed."""

    class Opened(Said):
        """The operator opened the row under the cursor."""

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key_of: Callable[[Row], str],
        *,
        empty: str,
        id: str | None = None,  # noqa: A002  # Textual's own name for it
    ) -> None:
        super().__init__(id=id)
        self.empty = empty
        """What the head says where there is no row."""
        self._columns, self._key_of = tuple(columns), key_of
        self._cells = [LiveCells(self._drawer(column), self) for column in self._columns]
        self._fitted: Fitted[Row] = ()
        self._rows: tuple[Row, ...] = ()
        self._total: int | None = None
        self._cursor = 0
        self._top = 0
        self._to_the_end = False

    def compose(self) -> ComposeResult:
        yield from self._cells

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def lines(self) -> int:
        """How many lines the table would fill."""
        return 1 + len(self._rows)

    @property
    def reach(self) -> int:
        """How many rows it wants to be shown: what is seen and some ahead, or all for one who went to the last."""
        if self._to_the_end and self._total is not None:
            return max(self._total, AHEAD)
        return self._top + max(self.size.height, 1) + AHEAD

    def show(self, rows: Sequence[Row], total: int | None = None) -> None:
        """Show these from now on, of `total`. The cursor stays on its row; where that is gone, at its place.

        Where nobody has been yet it stays at the top: what comes in there is what matters most.
        """
        before = self.cursor_row
        emptiness = self._total is None or bool(rows) != bool(self._rows)
        self._rows, self._total = tuple(rows), len(rows) if total is None else total
        if self._to_the_end:
            self._cursor = len(self._rows) - 1
        elif before is not None and (self.has_focus or self._cursor > 0):
            self._cursor = self._place_of(self._key_of(before))
        self._cursor = max(min(self._cursor, len(self._rows) - 1), 0)
        if emptiness:
            self._fit()
        self._reveal_cursor()
        self.redraw()
        if self.cursor_row != before:
            self.post_message(self.Moved(self))

    def redraw(self) -> None:
        """Draw the cells that changed: times move on by themselves."""
        for cells in self._cells:
            if cells.display:
                cells.redraw()

    def width_of(self, column: Column[Row]) -> int:
        """Cells that a column has now; 0 where there is no room for it."""
        return next((width for each, width in self._fitted if each is column), 0)

    def _place_of(self, key: str) -> int:
        if self._cursor < len(self._rows) and self._key_of(self._rows[self._cursor]) == key:
            return self._cursor
        return next((at for at, row in enumerate(self._rows) if self._key_of(row) == key), self._cursor)

    def _fit(self) -> None:
        """Give each column its width; without rows the first has all of it, for the sentence that says so."""
        self._fitted = fitted(self._columns, self.size.width - _GUTTER)
        shown = [column for column, _ in self._fitted] if self._rows else [self._columns[0]]
        for column, cells in zip(self._columns, self._cells, strict=True):
            cells.display = column in shown
            if column is shown[-1]:
                cells.styles.width = "1fr"
            else:
                first = _GUTTER if column is self._columns[0] else 0
                cells.styles.width = first + self.width_of(column) + GAP

    def _drawer(self, column: Column[Row]) -> Callable[[int], Line]:
        return lambda y: self._line(column, y)

    def _line(self, column: Column[Row], y: int) -> Line:
        first = column is self._columns[0]
        if y == 0:
            return "table--head", self._title(column, first)
        index = self._top + y - 1
        if index >= len(self._rows):
            return "", Content("")
        here = index == self._cursor
        name = ("table--cursor" if self.has_focus else "table--idle-cursor") if here else ""
        words = cell(column, self._rows[index], self.width_of(column))
        bar: str | tuple[str, str] = ("▌ ", "$accent") if here and self.has_focus else "  "
        return name, Content.assemble(bar, words) if first else words

    def _title(self, column: Column[Row], first: bool) -> Content:
        if not first:
            return sized(Content(column.title), self.width_of(column), column.right)
        if not self._rows:
            waiting = self._total is None
            return Content.assemble("  ", column.title, "   ", "◌ asking the vault …" if waiting else self.empty)
        return Content.assemble("  ", sized(Content(f"{column.title} {self._counted()}"), self.width_of(column), False))

    def _counted(self) -> str:
        """`24`, or `1-18 of 1,000` where some are out of sight."""
        seen = max(self.size.height - 1, 1)
        total = self._total or 0
        if total <= seen:
            return f"{total:,}"
        last = min(self._top + seen, len(self._rows))
        return f"{last:,}/{total:,}" if not self._top else f"{self._top + 1:,}-{last:,}/{total:,}"

    def _reveal_cursor(self) -> None:
        seen = max(self.size.height - 1, 1)
        lowest = max(self._cursor - seen + 1, 0)
        highest = min(self._cursor, max(len(self._rows) - seen, 0))
        self._top = max(min(self._top, highest), lowest)

    def go_to(self, index: int) -> None:
        """Put the cursor on a place."""
        self._cursor = max(min(index, len(self._rows) - 1), 0)
        self._reveal_cursor()
        self.redraw()
        self.post_message(self.Moved(self))
        if len(self._rows) < min(self._total or 0, self.reach):
            self.post_message(self.Wanted(self))

    def on_resize(self) -> None:
        self._fit()
        self._reveal_cursor()
        self.redraw()

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        index = self._top + event.y - 1
        if event.y and index < len(self._rows):
            self._to_the_end = False
            self.go_to(index)
            if event.chain == 2:
                self.post_message(self.Opened(self))

    def on_mouse_scroll_down(self) -> None:
        self.action_move(1)

    def on_mouse_scroll_up(self) -> None:
        self.action_move(-1)

    def action_move(self, by: int) -> None:
        self._to_the_end = False
        self.go_to(self._cursor + by)

    def action_turn_page(self, by: int, parts: int = 1) -> None:
        self.action_move(by * max((self.size.height - 1) // parts, 1))

    def action_first(self) -> None:
        self._to_the_end = False
        self.go_to(0)

    def action_last(self) -> None:
        """To the last row; where not all are here, they are asked for, and the cursor goes on to their last."""
        self._to_the_end = len(self._rows) < (self._total or 0)
        self.go_to(len(self._rows) - 1)

    def action_in_sight(self, halves: int) -> None:
        self._to_the_end = False
        self.go_to(row_bindings.in_sight(self._top, self.size.height - 1, len(self._rows), halves))

    def action_open(self) -> None:
        if self._rows:
            self.post_message(self.Opened(self))
