"""A table of any length: rows are drawn when seen, fetched by page, and only lines that changed are repainted.

It never asks a vault itself. It posts `Wanted`; the screen asks and hands the rows to `put`. The cursor and the marks
belong to a row's key and not to its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, Generic

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from keytui.tui.widgets import row_bindings
from keytui.tui.widgets.columns import Column, Fitted, Row, cells, fitted, titles
from keytui.tui.widgets.lean import lean, reversed_if
from keytui.tui.widgets.row_pages import PAGE, RowPages
from keytui.tui.wording import QUIET

_GUTTER: Final = 3


class PagedTable(ScrollView, Generic[Row], can_focus=True):
    """Rows of one kind under a head. See the module for who does what."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--head", "table--cursor", "table--idle-cursor"}
    DEFAULT_CSS = """
    PagedTable {
        height: 1fr; overflow-x: hidden; overflow-y: scroll;
        & > .table--head { color: $quiet; }
        & > .table--cursor {
            background: $cursor-background; color: $cursor-foreground; text-style: $cursor-style;
        }
        & > .table--idle-cursor { background: $surface; }
    }
    """
    BINDING_GROUP_TITLE = row_bindings.TITLE
    BINDINGS: ClassVar[list[BindingType]] = [
        *(row_bindings.OPEN, row_bindings.MARK, *row_bindings.IN_TABLE, *row_bindings.IN_SIGHT)
    ]

    class Said(Message):
        """Anything that a table says; `@on(PagedTable.Moved, "#id")` tells tables apart."""

        def __init__(self, table: PagedTable[Any]) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> PagedTable[Any]:
            return self.table

    class Wanted(Said):
        """Rows that are seen and not here: `limit` rows from `offset`. Answer with `put`, with the same `turn`."""

        def __init__(self, table: PagedTable[Any], offset: int, limit: int, turn: int) -> None:
            super().__init__(table)
            self.offset, self.limit, self.turn = offset, limit, turn

    class Moved(Said):
        """The cursor is on another row, or its row has changed."""

    class Marked(Said):
        """The marks changed."""

    class Opened(Said):
        """The operator opened the row under the cursor."""

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key_of: Callable[[Row], str],
        *,
        id: str | None = None,  # noqa: A002  # Textual's own name for it
        markable: bool = False,
        empty: str = "nothing here yet",
    ) -> None:
        super().__init__(id=id)
        self.marks: dict[str, Row] = {}
        """Marked rows by key, in the order of marking, those that the filter hides included."""
        self._columns, self._key_of, self._markable, self._empty = columns, key_of, markable, empty
        self._pages = RowPages(key_of)
        self._to_the_end = False
        self._cursor = 0
        self._cursor_row: Row | None = None
        self._drawn: dict[int, tuple[bool, Content]] = {}
        self._ready: dict[int, tuple[bool, Content]] = {}
        """Lines that are about to be drawn: their words were put together to see whether they changed."""
        self._fitted: Fitted[Row] = ()

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor, if it is here."""
        return self._cursor_row

    @property
    def total(self) -> int | None:
        """How many rows there are; None until that is known, which may be after the first of them are here."""
        return self._pages.total

    @property
    def extent(self) -> int:
        """How many rows can be gone to: all, or those that are known of while they are counted."""
        return self._pages.extent

    @property
    def waiting(self) -> bool:
        """Whether rows that were wanted have not come yet."""
        return self._pages.waiting

    def chosen(self) -> tuple[Row, ...]:
        """What an action takes: the marked rows, or the one under the cursor."""
        if self.marks:
            return tuple(self.marks.values())
        return () if self._cursor_row is None else (self._cursor_row,)

    def reload(self, *, top: bool = False) -> None:
        """Ask again for what is seen; rows stay until their successors are here. `top` begins at the first row."""
        self._pages.begin(other=top)
        if top:
            self._to_the_end = False
            self._cursor = 0
            if self.scroll_y:
                self.scroll_to(y=0, animate=False)
        self._want(0 if top else self._page_of(self.scroll_offset.y))
        self._want_visible()

    def put(self, turn: int, offset: int, rows: Sequence[Row], total: int | None) -> None:
        """Rows that were wanted. Those that are older than any that is here are dropped: so is their total.

        Without a total, `count` is to follow; until then the number of the same rows before holds, if there was one.
        """
        if not self._pages.put(turn, offset, rows, total):
            return
        self._reach()
        self.marks |= {key: row for row in rows if (key := self._key_of(row)) in self.marks}
        self._settle_cursor(offset // PAGE)
        self._want_visible()
        self.repaint()

    def count(self, turn: int, total: int) -> None:
        """How many rows there are, of those that were wanted in that turn."""
        if self._pages.count(turn, total):
            self._reach()
            self._settle_cursor(self._page_of(self._cursor))
            self._want_visible()
            self.repaint()

    def _reach(self) -> None:
        """Be as long as there are rows. Said to Textual as usual, that would draw the whole screen anew."""
        reach = Size(self._width, self.extent + 1)
        if reach != self.virtual_size:
            self.set_reactive(PagedTable.virtual_size, reach)
            self.vertical_scrollbar.window_virtual_size = reach.height
            if self.scroll_y > self.max_scroll_y:
                self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)
        if self._to_the_end and self.total is not None:
            self.action_last()

    def on_focus(self, event: events.Focus) -> None:
        self._focus_comes_or_goes(event, events.DescendantFocus(self))

    def on_blur(self, event: events.Blur) -> None:
        self._focus_comes_or_goes(event, events.DescendantBlur(self))

    def _focus_comes_or_goes(self, event: events.Focus | events.Blur, told: events.Event) -> None:
        """As a widget does by default, but for the drawing: only the cursor's line looks another way."""
        event.prevent_default()
        self.has_focus = isinstance(event, events.Focus)
        self.refresh(Region(0, self._cursor - self.scroll_offset.y + 1, self._width, 1))
        if isinstance(self.parent, Widget):
            self.parent.post_message(told)

    def say_when_empty(self, words: str) -> None:
        """What stands where the rows would from now on, while there are none."""
        self._empty = words
        self._repaint_line(2)

    def repaint(self) -> None:
        """Draw the lines whose words changed, and no others: times move on by themselves."""
        for y in range(self.size.height):
            self._repaint_line(y)

    def _repaint_line(self, y: int) -> None:
        """Draw a line if its words changed; the scrollbar beside it stays as it is."""
        line = self._line(y)
        if y not in self._drawn or not _same(self._drawn[y], line):
            self._ready[y] = line
            self.refresh(Region(0, y, self._width, 1))
        elif y in self._ready:
            del self._ready[y]

    def clear_marks(self) -> None:
        """Forget all marks."""
        self.marks.clear()
        self._marks_changed()

    def render_line(self, y: int) -> Strip:
        here, content = self._drawn[y] = self._ready.pop(y) if y in self._ready else self._line(y)
        if y == 0:
            style = self.get_visual_style("table--head")
        elif here:
            style = self.get_visual_style("table--cursor" if self.has_focus else "table--idle-cursor")
        else:
            style = self.visual_style
        strips = Visual.to_strips(self, content, self._width, 1, style, pad=True)
        line = strips[0] if strips else Strip.blank(self._width)
        return lean(reversed_if(line, self.get_component_styles("table--cursor")) if here and self.has_focus else line)

    @property
    def _width(self) -> int:
        """Cells that a row has, the scrollbar apart."""
        return self.scrollable_content_region.width

    def _line(self, y: int) -> tuple[bool, Content]:
        if y == 0:
            return False, Content(" " * _GUTTER) + titles(self._fitted)
        if y == 2 and self.total == 0:
            return False, Content.styled(" " * _GUTTER + self._empty, "$quiet")
        index = self.scroll_offset.y + y - 1
        row = self._row(index)
        if row is None:
            return False, Content("")
        here = index == self._cursor
        bar = "▌" if here else " "
        mark = ("✓ ", "bold $accent") if self._key_of(row) in self.marks else ("  ", "")
        words = cells(self._fitted, row)
        return here, Content.assemble(bar, mark, _plainer(words) if here else words)

    def _row(self, index: int) -> Row | None:
        return self._pages.row(index)

    @staticmethod
    def _page_of(index: int) -> int:
        return index // PAGE

    def _want_visible(self) -> None:
        if self._pages.empty:
            return
        first = self.scroll_offset.y
        last = max(min(first + self.size.height - 2, self.extent - 1), first)
        for page in range(self._page_of(first), self._page_of(last) + 1):
            self._want(page)

    def _want(self, page: int) -> None:
        if self._pages.want(page):
            self.post_message(self.Wanted(self, page * PAGE, PAGE, self._pages.turn))

    def _settle_cursor(self, page: int) -> None:
        """After rows came: the cursor follows its key; where that is gone it stays at its place."""
        before = self._cursor_row
        if before is not None and not self._pages.is_at(before, self._cursor):
            found = self._pages.place_of(before, page)
            if found is not None:
                self._cursor = found
        self._cursor = max(min(self._cursor, self.extent - 1), 0)
        row = self._row(self._cursor)
        if row != before:
            self._cursor_row = row
            self._reveal_cursor()
            self.post_message(self.Moved(self))

    def _reveal_cursor(self) -> None:
        visible = max(self.size.height - 1, 1)
        top = self.scroll_offset.y
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, immediate=True)
        elif self._cursor >= top + visible:
            self.scroll_to(y=self._cursor - visible + 1, animate=False, immediate=True)

    def go_to(self, index: int) -> None:
        """Put the cursor on a place."""
        top, left = self.scroll_offset.y, self._cursor
        self._to_the_end = False
        self._cursor = max(min(index, self.extent - 1), 0)
        self._cursor_row = self._row(self._cursor)
        self._reveal_cursor()
        self._want(self._page_of(self._cursor))
        if self.scroll_offset.y == top:
            for at in {left, self._cursor}:
                self._repaint_line(at - top + 1)
        else:
            self.repaint()
        self.post_message(self.Moved(self))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._ready.clear()
        self._want_visible()

    def on_mount(self) -> None:
        self._want(0)

    def on_resize(self) -> None:
        self._fitted = fitted(self._columns, self._width - _GUTTER)
        self.virtual_size = Size(self._width, self.extent + 1)
        self._drawn.clear()
        self._ready.clear()
        self._reveal_cursor()
        self._want_visible()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y - 1
        if event.y and self._row(index) is not None:
            self.go_to(index)
            if event.chain == 2:
                self.post_message(self.Opened(self))

    def action_move(self, by: int) -> None:
        self.go_to(self._cursor + by)

    def action_turn_page(self, by: int, parts: int = 1) -> None:
        self.go_to(self._cursor + by * max((self.size.height - 1) // parts, 1))

    def action_first(self) -> None:
        self.go_to(0)

    def action_last(self) -> None:
        """To the last row; while they are counted to the last that is known, and on to the last of all after that."""
        self.go_to(self.extent - 1)
        self._to_the_end = self.total is None

    def action_in_sight(self, halves: int) -> None:
        self.go_to(row_bindings.in_sight(self.scroll_offset.y, self.size.height - 1, self.extent, halves))

    def action_open(self) -> None:
        if self._cursor_row is not None:
            self.post_message(self.Opened(self))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Marks are offered only where something can be done to several rows."""
        return self._markable if action == "mark" else True

    def action_mark(self) -> None:
        """Mark or unmark, and go on to the next row."""
        row = self._cursor_row
        if row is None:
            return
        if self.marks.pop(self._key_of(row), None) is None:
            self.marks[self._key_of(row)] = row
        self._marks_changed()
        self.action_move(1)

    def _marks_changed(self) -> None:
        self.repaint()
        self.post_message(self.Marked(self))


def _plainer(words: Content) -> Content:
    """A row under the cursor: what is quiet elsewhere is as plain as the rest, which the cursor's colours read best."""
    return Content(words.plain, [span for span in words.spans if span.style != QUIET])


def _same(one: tuple[bool, Content], other: tuple[bool, Content]) -> bool:
    return one[0] == other[0] and one[1].is_same(other[1])
