"""Text on the screen that is drawn when it changes, and only then."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class Words(Static):
    """Text that repaints only when it changes. Nothing in it is parsed."""

    DEFAULT_CSS = """
    Words { height: auto; width: 1fr; }
    """

    def __init__(self, content: Content | str = "", id: str | None = None) -> None:  # noqa: A002  # textual's own word
        self._shown = Content(content) if isinstance(content, str) else content
        super().__init__(self._shown, markup=False, id=id)

    def say(self, content: Content) -> None:
        """Say this from now on."""
        if not content.is_same(self._shown):
            self._shown = content
            # Textual does not count that while it takes in a size: the height of what was said before would stay.
            self._layout_updates += 1
            # Of a size that the stylesheet gives, nothing else on the screen has to be laid out anew.
            self.update(content, layout=self.styles.auto_dimensions)
