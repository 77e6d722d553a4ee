"""A sealed value, shown again: masked until asked for, audited, and gone as the screen closes."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from keytui.domain.errors import KeytuiError, Locked
from keytui.domain.keys import Key
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.tui.command_lines import for_keys
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.unlock import UnlockDialog
from keytui.tui.widgets.secret import SecretLine
from keytui.vault.standing import SealState


class RevealScreen(VaultScreen[None]):
    """Asks the vault for one value; where it is locked, for the passphrase first."""

    CSS_PATH = "reveal.tcss"
    SHOWS_SECRET: ClassVar[bool] = True
    ALLOW_SELECT: ClassVar[bool] = False
    BINDING_GROUP_TITLE = "Reveal a sealed value"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "show", "show 20 s", id="reveal.show", tooltip="Show the value for 20 seconds, or mask it"),
        Binding("escape", "back", "close", id="reveal.close", tooltip="Close; the value is forgotten"),
        Binding("1,2,3,4", "back", show=False, id="reveal.leave", tooltip="Close first: the value stays nowhere"),
    ]

    def __init__(self, key: Key) -> None:
        super().__init__()
        self._key = key

    def body(self) -> ComposeResult:
        with Vertical(id="revealed"):
            yield Static(Content.assemble((harmless(self._key.name), "bold"), f"   {self._key.kind}"), id="title")
            yield Static(Content("◌ asking the vault …"), id="state")

    def on_mount(self) -> None:
        self._ask()

    def _ask(self) -> None:
        key_id = self._key.id
        self.ask(
            lambda vault: vault.reveal(key_id), self._revealed, self._failed, command=for_keys("reveal", (self._key,))
        )

    def _revealed(self, value: Secret) -> None:
        self.query_one("#revealed").mount(SecretLine(value, self.console.clock))
        self._say(Content.styled("This reveal is in the audit log. esc forgets the value.", "$quiet"))

    def _failed(self, error: KeytuiError) -> None:
        if isinstance(error, Locked):
            standing = self.console.status.standing
            seal = standing.seal if standing is not None else SealState.LOCKED
            self.app.push_screen(UnlockDialog(seal), self._unlocked)
        self._say(Content.styled(f"✗ {harmless(error.message)}\n  {harmless(error.hint)}", "$error"))

    def _unlocked(self, opened: bool | None) -> None:
        if opened:
            self._ask()

    def _say(self, words: Content) -> None:
        self.query_one("#state", Static).update(words)

    def action_show(self) -> None:
        """Show the value, or mask it again."""
        for line in self.query(SecretLine):
            line.toggle()

    def on_screen_suspend(self) -> None:
        for line in self.query(SecretLine):
            line.mask()

    def on_unmount(self) -> None:
        for line in self.query(SecretLine):
            line.forget()
