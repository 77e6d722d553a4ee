"""What is longer than its window: texts, forms and questions that scroll up and down."""

from __future__ import annotations

from textual.containers import VerticalScroll


class Scrolling(VerticalScroll):
    """Its bar says where it is, also when the bar was away as it went there: Textual leaves that one as it was."""

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        if shown:
            self.vertical_scrollbar.position = self.scroll_y
