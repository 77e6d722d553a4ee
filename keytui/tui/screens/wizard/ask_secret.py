"""Asks for a secret that the operator still holds: masked, and given up once."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, Label

from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.tui.screens.base import Dialog
from keytui.tui.widgets.scrolling import Scrolling
from keytui.tui.widgets.secret import SecretField


class SecretDialog(Dialog[Secret | None]):
    """One masked field. The result is None when it is left, or left empty."""

    AUTO_FOCUS: ClassVar[str | None] = "#secret"
    SHOWS_SECRET: ClassVar[bool] = True
    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, title: str, explanation: str, verb: str) -> None:
        super().__init__()
        self._title, self._explanation, self._verb = title, explanation, verb

    def body(self) -> ComposeResult:
        with Scrolling(id="dialog", can_focus=False):
            yield Label(Content(harmless(self._title)), id="title")
            yield Label(Content(harmless(self._explanation)))
            yield SecretField("it stays masked", id="secret")
            with Horizontal(id="buttons"):
                yield Button("Back", id="keep", compact=True)
                yield Button(Content(harmless(self._verb)), id="act", compact=True)

    @on(Button.Pressed, "#keep")
    def _keep(self) -> None:
        self.query_one(SecretField).take()
        self.dismiss(None)

    @on(Button.Pressed, "#act")
    @on(Input.Submitted)
    def _act(self) -> None:
        taken = self.query_one(SecretField).take()
        self.dismiss(taken if taken else None)
