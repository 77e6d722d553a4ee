"""The footer with the keys that work here."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Footer

Shown = list[tuple[Binding, bool, str]]
_BETWEEN: Final = 3
"""Cells between two keys. Where there is no room for that it is one."""


class KeyFooter(Footer):
    """Drawn anew only where it would show something else.

    Textual makes all of it anew with every move of the focus: that was the most of what a move cost.
    """

    def __init__(self) -> None:
        super().__init__(compact=True, show_command_palette=False)
        self._composed: Shown = []

    def compose(self) -> ComposeResult:
        if self._bindings_ready:
            self._composed = self._to_show()
            self.set_class(self._too_narrow(), "-tight")
        yield from super().compose()

    def bindings_changed(self, screen: Screen[object]) -> None:
        if not self.is_attached or screen is not self.screen or self._to_show() != self._composed:
            super().bindings_changed(screen)

    def on_resize(self) -> None:
        """A key does not hear of itself that there is another room around its words: it is made anew."""
        if self._too_narrow() != self.has_class("-tight"):
            self.call_after_refresh(self.recompose)

    def _too_narrow(self) -> bool:
        """Whether its keys fit only one beside the other."""
        by_action = {binding.action: binding for binding, _, _ in reversed(self._composed)}
        words = (f"{self.app.get_key_display(binding)} {binding.description}" for binding in by_action.values())
        return 1 + sum(cell_len(each) + _BETWEEN for each in words) - _BETWEEN > self.app.size.width

    def _to_show(self) -> Shown:
        active = self.screen.active_bindings.values()
        return [(one.binding, one.enabled, one.tooltip) for one in active if one.binding.show]
