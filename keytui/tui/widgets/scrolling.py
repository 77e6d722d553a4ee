"""What is longer than its window, and no table: texts, forms and questions."""

from __future__ import annotations

from typing import ClassVar

from textual.actions import SkipAction
from textual.binding import BindingType
from textual.containers import VerticalScroll

from keytui.tui.widgets import row_bindings


class Scrolling(VerticalScroll, inherit_bindings=False):
    """Moves at once, by the keys of the tables. Where all of it is seen, they are for what is behind it."""

    BINDING_GROUP_TITLE = "In a text that scrolls"
    BINDINGS: ClassVar[list[BindingType]] = [*row_bindings.IN_TEXT]

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """A bar that was away is where it was last: Textual does not tell it what came meanwhile."""
        if shown:
            self.vertical_scrollbar.position = self.scroll_y

    def action_move(self, by: int) -> None:
        self._go_to(self.scroll_offset.y + by)

    def action_turn_page(self, by: int, parts: int = 1) -> None:
        self.action_move(by * max(self.size.height // parts, 1))

    def action_first(self) -> None:
        self._go_to(0)

    def action_last(self) -> None:
        self._go_to(self.max_scroll_y)

    def _go_to(self, y: int) -> None:
        if not self.allow_vertical_scroll:
            raise SkipAction
        self.scroll_to(y=y, animate=False, immediate=True)  # else keys that come in one piece count from one place
