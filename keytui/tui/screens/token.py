"""A token that opens nothing any more: ask for another one, and leave the screen below as it is."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from keytui.domain.errors import KeytuiError
from keytui.domain.text import harmless
from keytui.tui.screens.base import Dialog
from keytui.tui.widgets.secret import SecretField


class TokenDialog(Dialog[bool]):
    """True once another token was taken. It is masked, kept in memory only, and forgotten with this console."""

    CSS_PATH = "token.tcss"
    SHOWS_SECRET: ClassVar[bool] = True
    ALLOW_SELECT: ClassVar[bool] = False
    AUTO_FOCUS: ClassVar[str | None] = "#token"

    def __init__(self, refused: KeytuiError) -> None:
        super().__init__()
        self._refused = refused

    def body(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Label(Content(f"▣ {harmless(self.console.profile.name)} asks for a token"), id="title")
            yield Label(Content(harmless(self._refused.message)))
            yield Label(Content("What is on the screen stays, marked as old. Whoever runs the server makes tokens:"))
            yield Label(Content("keytui operators add NAME --role ROLE"), id="command")
            yield Label(Content("your token"), classes="asks")
            yield SecretField(id="token")
            yield Static(id="wrong", markup=False)
            with Horizontal(id="buttons"):
                yield Button(Content("Go on without"), id="keep", compact=True)
                yield Button(Content("Use it"), id="act", compact=True)

    @on(Button.Pressed, "#keep")
    def _keep(self) -> None:
        self.dismiss(False)

    def action_back(self) -> None:
        self.dismiss(False)

    @on(Input.Submitted, "#token")
    @on(Button.Pressed, "#act")
    def _act(self) -> None:
        token = self.query_one("#token", SecretField).take()
        if token:
            self._say("◌ asking …")
            self.ask(lambda vault: vault.present(token), self._taken, self._failed, slot="token")

    def _taken(self, _: None) -> None:
        self.console.ask_standing()
        self.dismiss(True)

    def _failed(self, error: KeytuiError) -> None:
        self._say(f"✗ {harmless(error.message)}" + (f"\n  {harmless(error.hint)}" if error.hint else ""), "$error")
        self.query_one("#token", SecretField).focus()

    def _say(self, words: str, style: str = "$quiet") -> None:
        self.query_one("#wrong", Static).update(Content.styled(words, style))
