"""Step 3, the one that shows a secret. It holds it alone, asks at every exit, and lets go of it as it closes."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input

from keytui.domain.text import harmless
from keytui.tui.command_lines import by_hand
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.screens.wizard.by_targets import ByTargetsScreen
from keytui.tui.screens.wizard.heading import heading, marks
from keytui.tui.screens.wizard.leaving import done_question, leaving_question, under_way_question
from keytui.tui.screens.wizard.mismatch import mismatch
from keytui.tui.screens.wizard.path import WizardStep
from keytui.tui.screens.wizard.probing import ProbesPanel
from keytui.tui.screens.wizard.targets_panel import TargetsPanel
from keytui.tui.widgets.scrolling import Scrolling
from keytui.tui.widgets.secret import SecretField, SecretLine
from keytui.tui.widgets.steps import FOLDED, Heading, RotationHeading, StepList
from keytui.tui.widgets.words import Words
from keytui.vault.protocol import Vault


class HandOverScreen(ByTargetsScreen):
    """Hands over what was just issued; True when that is done. Without a rotation it serves a new key the same way."""

    CSS_PATH = "hand_over.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#hand-over"
    HORIZONTAL_BREAKPOINTS = FOLDED
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "leave", id="hand-over.leave", tooltip="Leave this step; it asks first"),
        Binding("D", "deliver", "deliver", id="hand-over.deliver", tooltip="Deliver to what has not got it, again"),
        Binding("K", "skip", "skip", id="hand-over.skip", tooltip="Leave out the target that failed; asks first"),
        Binding("B", "roll_back", "roll back", id="hand-over.roll-back", tooltip="Old secret back; asks first"),
        Binding("v", "show", "show", id="hand-over.show", tooltip="Show the secret for 20 seconds, or mask it"),
        Binding("c", "copy", "clipboard", id="hand-over.clipboard", tooltip="Send it to the clipboard you sit at"),
        Binding("o", "osc52", "OSC 52", id="hand-over.osc52", tooltip="Send it to your terminal's clipboard"),
        Binding("f", "file", "file", id="hand-over.file", tooltip="Write it to a new file that only you can read"),
        Binding("p", "pipe", "pipe", id="hand-over.pipe", tooltip="Pipe it to a command's standard input"),
        Binding("H", "have_it", "done", id="hand-over.done", tooltip="Say that it is where it belongs"),
        Binding("O", "take_over", "take over", show=False, id="hand-over.take-over", tooltip="Take it back; asks"),
        Binding("1,2,3,4,colon,question_mark", "back", show=False, id="hand-over.stay", tooltip="Not from this step"),
    ]
    _pasted = False
    """Whether it came back whole, while targets that have not got it keep the hand-over open."""

    def body(self) -> ComposeResult:
        yield RotationHeading()
        with Horizontal(id="columns"):
            if self._rotation is not None:
                yield StepList()
            with Scrolling(id="hand-over"):
                yield from self._step()

    def _step(self) -> ComposeResult:
        name = f"{harmless(self._key.name)} v{self._version.number}"
        if self.by_targets:
            yield TargetsPanel(id="targets")
            yield ProbesPanel(id="probes")
            yield Words(id="choices")
        yield Words(Content.assemble((name, "bold"), ": its secret is shown in this step only"))
        yield SecretLine(self._secret, self.console.clock)
        yield Words(self.ways(), id="ways")
        yield Words(id="log")
        with Horizontal(id="paste"):
            yield Words("paste it back ", id="paste-label")
            yield SecretField("it stays masked", id="paste-back")
        yield Words(Content.styled("enter compares it: this proves that it arrived whole", "$quiet"), id="answer")

    def on_mount(self) -> None:
        self.show_heading()
        for steps in self.query(StepList):
            steps.show(marks(WizardStep.HAND_OVER, self._rotation))

    def show_heading(self) -> None:
        self.query_one(RotationHeading).show(self._heading())

    def _heading(self) -> Heading:
        key, rotation = self._key, self._rotation
        if rotation is None:
            return Heading(key.name, key.environment, "new key", Content(""), "you", "Hand over")
        return heading(WizardStep.HAND_OVER, rotation, self.console.clock())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in {"deliver", "skip", "roll_back"} and self.nothing_left:
            return False
        if action in {"skip", "roll_back"} and self._rotation is None:
            return False
        return super().check_action(action, parameters)

    def may_leave(self, go: Callable[[], object]) -> None:
        def answered(answer: str | None) -> None:
            if answer is not None:
                self._left = self._delivering
                self.forget()
                go()

        def ask(question: Question) -> None:
            self.app.push_screen(ConfirmDialog(question), answered)

        if self._delivering:
            ask(under_way_question(self._rotation, self._version.number))
            return
        question = leaving_question(
            self._rotation, self._version.number, self._stopped, arrived=self._arrived, skipped=self._skipped
        )
        super().may_leave(lambda: ask(question))

    def on_paste(self, event: events.Paste) -> None:
        """Wherever the focus is, a paste belongs into the masked field."""
        field = self.query_one(SecretField)
        field.focus()
        field.value = event.text
        event.stop()

    @on(Input.Submitted, "#paste-back")
    def _compare(self) -> None:
        pasted = self.query_one(SecretField).take()
        self.query_one("#hand-over").focus()
        if pasted != self._secret:
            self._answer(mismatch(self._secret, pasted, self._key.format))
        elif self._rotation is None:
            self._pasted = True
            if self.lacking:
                self.action_have_it()
            else:
                self._finish()
        elif self.by_targets:
            self._pasted = True
            says = "; H goes on" if self._arrived else "; H ends the hand-over without the targets that have not got it"
            self.note(Content.assemble(("✓ ", "$success"), f"pasted back: it arrived whole{says}"))
        else:
            rotation_id = self._rotation.id
            self.change(
                lambda vault: vault.prove(rotation_id, pasted),
                lambda _: self._finish(),
                command=self._by_hand_now("was pasted back"),
            )

    def _answer(self, advice: tuple[str, str]) -> None:
        found, remedy = advice
        self.query_one("#answer", Words).say(
            Content.assemble(("✗ not the same: ", "bold $error"), found, "\n", (f"→ {remedy}", "$quiet"))
        )

    def action_have_it(self) -> None:
        """The hand-over is done, by its targets or by hand."""
        if self._arrived:
            self._finish()
            return
        if (closed := self._why_not_done()) is not None:
            self.tell(*closed, severity="warning")
            return
        question = done_question(self._sent, self.lacking, self._rotation)
        self.app.push_screen(ConfirmDialog(question), self._said_so)

    def _why_not_done(self) -> tuple[str, str] | None:
        """Why the hand-over cannot be called done, and the way out."""
        if self._delivering:
            return self.UNDER_WAY
        if self._rotation is not None and self._sent is None and not self._pasted:
            return "nothing shows yet that it arrived", "paste it back, or write a file or pipe it first"
        return None

    def _said_so(self, answer: str | None) -> None:
        if answer is None:
            return
        rotation, sent, secret = self._rotation, self._sent, self._secret
        if rotation is None:
            self._finish()
            return

        def work(vault: Vault) -> object:
            return vault.handed_over(rotation.id, sent) if sent is not None else vault.prove(rotation.id, secret)

        self.change(work, lambda _: self._finish(), command=self._by_hand_now("is where it belongs"))

    def _by_hand_now(self, what: str) -> str:
        return by_hand(f"v{self._version.number} of {self._key.name} {what}", self._rotation)

    def _finish(self) -> None:
        if self._delivering:
            self.tell(*self.UNDER_WAY, severity="warning")
            return
        self.forget()
        self.tell(f"v{self._version.number} of {self._key.name} is handed over", "its secret is kept nowhere here")
        self.dismiss(True)
