"""The question before anything that cannot be taken back lightly: what will happen, to what, and the same command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, Label

from keytui.domain.text import harmless
from keytui.tui.command_lines import same_as
from keytui.tui.screens.base import Dialog
from keytui.tui.widgets.scrolling import Scrolling

if TYPE_CHECKING:
    from keytui.tui.keystrokes import Typed


@dataclass(frozen=True, slots=True)
class Question:
    """What a ConfirmDialog asks. All of it may come from outside: nothing is parsed.

    `lines` say what will happen; `command` is the same on the command line; `verb` is on the button that acts;
    `type_to_confirm` is a name that has to be typed first; `note` asks for words, under this label.
    """

    title: str
    lines: tuple[str, ...]
    verb: str
    command: str = ""
    type_to_confirm: str = ""
    note: str = ""
    note_required: bool = False
    harmless_verb: str = "Keep as it is"
    reads: bool = False
    """Whether the command changes nothing, so that a read-only vault need not be armed for it."""


class ConfirmDialog(Dialog[str | None]):
    """Asks a Question. The result is None for no, and the note (empty if none was asked for) for yes."""

    AUTO_FOCUS: ClassVar[str | None] = "#keep"

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = question

    def body(self) -> ComposeResult:
        question = self.question
        with Scrolling(id="dialog", can_focus=False):
            yield Label(Content(harmless(question.title)), id="title")
            for line in question.lines:
                yield Label(Content(harmless(line)))
            if question.command:
                yield Label(same_as(self.console.profile, question.command, reads=question.reads), id="command")
            yield from self.extra()
            if question.note:
                yield Label(Content(harmless(question.note)), classes="asks")
                yield Input(id="note", compact=True)
            if question.type_to_confirm:
                yield Label(Content(f"type {harmless(question.type_to_confirm)} to go on"), classes="asks")
                yield Input(id="typed", compact=True)
            with Horizontal(id="buttons"):
                yield Button(Content(harmless(question.harmless_verb)), id="keep", compact=True)
                yield Button(Content(harmless(question.verb)), id="act", compact=True, disabled=not self._may_act())

    def extra(self) -> ComposeResult:
        """More fields, between the command and the note."""
        yield from ()

    def _value(self, selector: str) -> str:
        found = self.query(selector)
        return found.first(Input).value if found else ""

    def _may_act(self) -> bool:
        question = self.question
        name = question.type_to_confirm
        typed = not name or self._value("#typed") in {name, harmless(name)}
        return typed and (not question.note_required or bool(self._value("#note").strip()))

    @on(Input.Changed)
    def _typed(self) -> None:
        self.query_one("#act", Button).disabled = not self._may_act()

    def on_mount(self) -> None:
        """Where words have to be typed, they can be at once: enter in their field acts on nothing."""
        question = self.question
        asked = "#note" if question.note_required else "#typed" if question.type_to_confirm else "#keep"
        self.query_one(asked).focus()

    def hears_ahead(self, typed: Typed) -> bool:
        """Words for a note, and nothing that confirms: who has not seen the question has not answered it."""
        written = isinstance(typed, events.Paste) or typed.is_printable
        return written and not self.question.type_to_confirm and super().hears_ahead(typed)

    @on(Input.Submitted)
    def _next_field(self, submitted: Input.Submitted) -> None:
        if submitted.input is not self.query(Input).last():
            self.focus_next()
        elif self._may_act():
            self._enter_again(self.query_one("#act", Button))
        else:
            self.tell(self._lacks(), "esc goes back", severity="warning")

    def _enter_again(self, act: Button) -> None:
        """The first enter goes to the button, the next one presses it, even so soon that this field still gets it."""
        if self.focused is act:
            act.press()
        else:
            self.set_focus(act)

    def _lacks(self) -> str:
        """What has to be typed before this can be done."""
        question = self.question
        if question.note_required and not self._value("#note").strip():
            return f"say first: {question.note}"
        return f"type {question.type_to_confirm} first: that is not it"

    @on(Button.Pressed, "#keep")
    def _keep(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#act")
    def _act(self) -> None:
        if self._may_act():
            self.act(self._value("#note").strip())

    def act(self, note: str) -> None:
        """The answer is yes. A dialog that acts itself overrides this."""
        self.dismiss(note)
