"""The first thing on the screen: painted before anything that touches a vault is imported."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center
from textual.content import Content
from textual.widgets import Static

from keytui.domain.errors import KeytuiError
from keytui.domain.text import harmless
from keytui.tui.screens.base import VaultScreen


class OpeningScreen(VaultScreen[None]):
    """Says that the vault is being opened, or why it cannot be and what to do."""

    CSS_PATH = "opening.tcss"
    BINDING_GROUP_TITLE = "When the vault cannot be opened"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", "try again", id="opening.retry", tooltip="Open the vault once more"),
    ]

    def body(self) -> ComposeResult:
        with Center(id="opening"):
            yield Static(Content("◌ opening the vault …"), id="face")

    def show_failure(self, error: KeytuiError) -> None:
        """The error's face: what went wrong, the way out, and the key that tries again."""
        self.query_one("#face", Static).update(
            Content.assemble(
                ("✗ the vault cannot be opened\n\n", "bold $error"),
                harmless(error.message),
                "\n",
                (harmless(error.hint), "$quiet"),
                "\n\n",
                ("r", "bold $accent"),
                " try again    ",
                ("S", "bold $accent"),
                " another vault    ",
                ("q", "bold $accent"),
                " quit",
            )
        )

    def action_retry(self) -> None:
        """Open the vault once more, unless that is under way."""
        self.query_one("#face", Static).update(Content("◌ opening the vault …"))
        self.console.open()
