"""The footer with the keys that work here."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Footer

Shown = list[tuple[Binding, bool, str]]


class KeyFooter(Footer):
    """Drawn anew only where it would show something else.

    Textual makes all of it anew with every move of the focus: that was the most of what a move cost.
    """

    def __init__(self) -> None:
        super().__init__(compact=True, show_command_palette=False)
        self._composed: Shown | None = None

    def compose(self) -> ComposeResult:
        if self._bindings_ready:
            self._composed = self._to_show()
        yield from super().compose()

    def bindings_changed(self, screen: Screen[object]) -> None:
        if not self.is_attached or screen is not self.screen or self._to_show() != self._composed:
            super().bindings_changed(screen)

    def _to_show(self) -> Shown:
        active = self.screen.active_bindings.values()
        return [(one.binding, one.enabled, one.tooltip) for one in active if one.binding.show]
