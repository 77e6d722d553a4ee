"""Set one reason of a verdict aside: which, by its name, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, Label, OptionList
from textual.widgets.option_list import Option

from keytui.domain.text import harmless
from keytui.tui.screens.base import Dialog
from keytui.tui.widgets.scrolling import Scrolling


@dataclass(frozen=True, slots=True)
class Waiving:
    """What to set aside, and why."""

    subject: str
    why: str


class WaiveDialog(Dialog[Waiving | None]):
    """The subjects that can be waived, and a line for the reason. Both are needed."""

    AUTO_FOCUS: ClassVar[str | None] = "#keep"

    def __init__(self, subjects: tuple[str, ...]) -> None:
        super().__init__()
        self._subjects = subjects

    def body(self) -> ComposeResult:
        with Scrolling(id="dialog", can_focus=False):
            yield Label("Which of these may be set aside?", id="title")
            yield OptionList(
                *(Option(Content(harmless(subject))) for subject in self._subjects), id="subjects", compact=True
            )
            yield Label("why (this goes into the audit log)", classes="asks")
            yield Input(id="why", compact=True)
            with Horizontal(id="buttons"):
                yield Button("Keep it", id="keep", compact=True)
                yield Button("Waive it", id="act", compact=True, disabled=True)

    def _waiving(self) -> Waiving | None:
        place = self.query_one("#subjects", OptionList).highlighted
        why = self.query_one("#why", Input).value.strip()
        return Waiving(self._subjects[place], why) if place is not None and why else None

    @on(Input.Changed)
    @on(OptionList.OptionHighlighted)
    def _chosen(self) -> None:
        self.query_one("#act", Button).disabled = self._waiving() is None

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#keep")
    def _keep(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#act")
    def _act(self) -> None:
        self.dismiss(self._waiving())
