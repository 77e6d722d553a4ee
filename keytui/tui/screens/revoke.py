"""The question before a key ends for good: its reason, and its name typed."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Label, Select

from keytui.domain.rotation import Reason
from keytui.tui.screens.confirm import ConfirmDialog, Question


class RevokeDialog(ConfirmDialog):
    """A ConfirmDialog that asks for the reason too; read `reason` once it was answered."""

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.reason = Reason.COMPROMISE

    def extra(self) -> ComposeResult:
        yield Label(Content("reason"), classes="asks")
        yield Select([(reason.value, reason) for reason in Reason], value=self.reason, allow_blank=False, compact=True)

    @on(Select.Changed)
    def _chosen(self, event: Select.Changed) -> None:
        if isinstance(event.value, Reason):
            self.reason = event.value
