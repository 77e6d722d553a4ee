"""The face of an empty vault: what this is, in three lines, and four ways to begin."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.connect import ConnectScreen
from keytui.tui.screens.import_file import ImportScreen
from keytui.tui.screens.key_form import CreateScreen

_WHAT: Final = (
    "keytui knows your API keys: which are out there, and who still uses them.",
    "It replaces one without a failed request, and says with evidence when the old one can go.",
    "It keeps digests, never secrets; a new secret is shown once.",
)
_CHOICES: Final = (
    ("N", "create a key"),
    ("F", "import a .env file: digests only, nothing is changed there"),
    ("C", "connect to a server"),
    ("M", "look around a demo"),
)


class WelcomeScreen(VaultScreen[None]):
    """Shown over the empty key table; esc goes to it."""

    CSS_PATH = "welcome.tcss"
    BINDING_GROUP_TITLE = "Welcome, on an empty vault"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("N", "create", "create", id="welcome.create", tooltip="Create a key"),
        Binding("F", "import", "import .env", id="welcome.import", tooltip="Import keys from a .env file"),
        Binding("C", "connect", "connect", id="welcome.connect", tooltip="Connect to a team's server"),
        Binding("M", "demo", "demo", id="welcome.demo", tooltip="Look around a demo vault"),
        Binding("escape", "back", "to the empty list", id="welcome.back", tooltip="To the empty key table"),
    ]

    def body(self) -> ComposeResult:
        with Vertical(id="welcome"):
            yield Static(Content("\n".join(_WHAT)), id="what")
            for key, words in _CHOICES:
                yield Static(Content.assemble((f"{key}   ", "bold $accent"), words), classes="choice")

    def action_create(self) -> None:
        """The form of a new key, in place of this face."""
        self.app.switch_screen(CreateScreen())

    def action_import(self) -> None:
        """Take keys over from a file, in place of this face."""
        self.app.switch_screen(ImportScreen())

    def action_connect(self) -> None:
        """The form of a team's server, over this face."""
        self.app.push_screen(ConnectScreen())

    def action_demo(self) -> None:
        """Leave for the demo: a throwaway vault, in a console of its own. This vault stays as it is."""
        self.console.wants_demo = True
        self.console.exit(0)
