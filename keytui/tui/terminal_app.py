"""An app on a terminal: told only what differs, and all of it anew where it may show something else."""

from __future__ import annotations

from textual.app import App
from textual.driver import Driver
from textual.events import Resize


class TerminalApp(App[int]):
    """Draws on a terminal that others draw on too, and that is resized."""

    def __init__(self) -> None:
        super().__init__()
        self._sizes_told: set[str] = set()

    def get_driver_class(self) -> type[Driver]:
        """The terminal's, told only what differs; whichever other one the environment names stays."""
        found = super().get_driver_class()
        if found.__module__ != "textual.drivers.linux_driver":
            return found
        from keytui.tui.terse_driver import TerseDriver  # noqa: PLC0415  # other systems cannot import it

        return TerseDriver

    def on_resize(self, event: Resize) -> None:
        """Draw all where the screen is laid out for this size already: the terminal had another for a moment, which
        cut it, or the shell had the terminal.

        The first event of each kind only says how large the terminal is.
        """
        kind = "signal" if event.pixel_size is None else "in band"
        if kind in self._sizes_told and self.screen_stack and event.size == self.screen.outer_size:
            self.action_redraw()
        self._sizes_told.add(kind)

    def action_redraw(self) -> None:
        """Clear the terminal and draw everything: it may show what another program wrote."""
        if self._driver is not None and not self.is_headless:
            self._driver.write("\x1b[2J")  # no driver takes that for a drawing, so that ours knows no cell any more
        self.refresh()
