"""What the four modes have in common: the bar that names them, and a table that is asked for again."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from keytui.tui.screens.base import VaultScreen
from keytui.tui.widgets.key_footer import KeyFooter
from keytui.tui.widgets.mode_bar import ModeBar
from keytui.tui.widgets.status_line import Status, StatusLine
from keytui.vault.model import Changes


class ModeScreen(VaultScreen[None]):
    """One mode. `MODE` is its name in `Console.MODES`; subclasses give `body()`, `refetch()` and `ticked()`."""

    MODE: ClassVar[str]
    BINDING_GROUP_TITLE = "In every mode"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "refetch", "refresh", show=False, id="mode.refresh", tooltip="Ask the vault again"),
    ]

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield ModeBar(self.MODE)
        yield from self.body()
        yield KeyFooter()

    def on_mount(self) -> None:
        self.console.status_changed.subscribe(self, self._tick)

    def on_screen_resume(self) -> None:
        self.ticked(self.console.clock())

    def _tick(self, status: Status) -> None:
        if self.is_current:
            self.ticked(status.now)

    def fed(self, changes: Changes) -> None:
        self.refetch()

    def action_refetch(self) -> None:
        """Ask the vault again, for the rows and for the status line."""
        self.console.ask_standing()
        self.refetch()

    def refetch(self) -> None:
        """Ask again for what is shown. Rows stay until their successors are here."""

    def ticked(self, now: datetime) -> None:
        """Time has passed: draw again what shows ages or countdowns."""

    def action_back(self) -> None:
        """A mode is the root: there is nothing behind it."""
