"""Step 3, the one that shows a secret. It holds it alone, asks at every exit, and lets go of it as it closes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input

from keytui.command import parse_command, pipe_to_command
from keytui.domain.errors import KeytuiError
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.targets.file import write_new_file
from keytui.tui.clipboard import Route, copy_locally, route, send_to_terminal, terminal_limits
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.screens.wizard.heading import heading, marks
from keytui.tui.screens.wizard.mismatch import mismatch
from keytui.tui.screens.wizard.path import WizardStep
from keytui.tui.screens.wizard.words import clock_time
from keytui.tui.widgets.secret import SecretField, SecretLine
from keytui.tui.widgets.steps import FOLDED, Heading, RotationHeading, StepList
from keytui.tui.widgets.words import Words
from keytui.vault.model import Delivery, Issued
from keytui.vault.protocol import Vault


class HandOverScreen(VaultScreen[bool]):
    """Hands over what was just issued; True when that is done. Without a rotation it serves a new key the same way."""

    CSS_PATH = "hand_over.tcss"
    SHOWS_SECRET: ClassVar[bool] = True
    ALLOW_SELECT: ClassVar[bool] = False
    AUTO_FOCUS: ClassVar[str | None] = "#hand-over"
    HORIZONTAL_BREAKPOINTS = FOLDED
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "leave", id="hand-over.leave", tooltip="Leave this step; it asks first"),
        Binding("v", "show", "show", id="hand-over.show", tooltip="Show the secret for 20 seconds, or mask it"),
        Binding("c", "copy", "clipboard", id="hand-over.clipboard", tooltip="Send it to the clipboard you sit at"),
        Binding("o", "osc52", "OSC 52", id="hand-over.osc52", tooltip="Send it to your terminal's clipboard"),
        Binding("f", "file", "file", id="hand-over.file", tooltip="Write it to a new file that only you can read"),
        Binding("p", "pipe", "pipe", id="hand-over.pipe", tooltip="Pipe it to a command's standard input"),
        Binding("H", "have_it", "done", id="hand-over.done", tooltip="Say that it is where it belongs"),
        Binding("1,2,3,4,colon,question_mark", "back", show=False, id="hand-over.stay", tooltip="Not from this step"),
    ]

    def __init__(self, issued: Issued, environment: Mapping[str, str] = os.environ) -> None:
        super().__init__()
        self._key, self._version, self._rotation = issued.key, issued.version, issued.rotation
        self._secret = issued.secret
        self._environment = environment
        self._log: list[Content] = []
        self._sent: Delivery | None = None

    def body(self) -> ComposeResult:
        yield RotationHeading()
        with Horizontal(id="columns"):
            if self._rotation is not None:
                yield StepList()
            with VerticalScroll(id="hand-over"):
                yield from self._step()

    def _step(self) -> ComposeResult:
        name = f"{harmless(self._key.name)} v{self._version.number}"
        yield Words(Content.assemble((name, "bold"), ": its secret is shown in this step only"))
        yield SecretLine(self._secret, self.console.clock)
        yield Words(self._ways(), id="ways")
        yield Words(id="log")
        with Horizontal(id="paste"):
            yield Words("paste it back ", id="paste-label")
            yield SecretField("it stays masked", id="paste-back")
        yield Words(Content.styled("enter compares it: this proves that it arrived whole", "$quiet"), id="answer")

    def on_mount(self) -> None:
        self.query_one(RotationHeading).show(self._heading())
        for steps in self.query(StepList):
            steps.show(marks(WizardStep.HAND_OVER, self._rotation))

    def _heading(self) -> Heading:
        key, rotation = self._key, self._rotation
        if rotation is None:
            return Heading(key.name, key.environment, "new key", Content(""), "you", "Hand over")
        return heading(WizardStep.HAND_OVER, rotation, self.console.clock())

    def _ways(self) -> Content:
        keys = [
            [("v", "show 20 s"), ("f", "new file"), ("p", "pipe to a command")],
            [("c", f"send to {route(self._environment)}")],
            [("H", "say that it is where it belongs")],
        ]
        lines = [Content("   ").join([_key(*each) for each in line]) for line in keys]
        if limits := terminal_limits(self._environment):
            lines.append(Content.styled(f"▲ {limits}", "$warning"))
        return Content("\n").join(lines)

    def on_unmount(self) -> None:
        self._forget()

    def on_screen_suspend(self) -> None:
        self.query_one(SecretLine).mask()

    def _forget(self) -> None:
        self._secret = Secret("")
        for line in self.query(SecretLine):
            line.forget()
        for field in self.query(SecretField):
            field.take()

    def may_leave(self, go: Callable[[], object]) -> None:
        def answered(answer: str | None) -> None:
            if answer is not None:
                self._forget()
                go()

        super().may_leave(lambda: self.app.push_screen(ConfirmDialog(self._leaving()), answered))

    def _leaving(self) -> Question:
        number, rotation = self._version.number, self._rotation
        if rotation is None:
            lines = (
                "The secret is gone for good when you leave.",
                "The key stays; rotating it gives it another secret.",
            )
        else:
            lines = (
                f"The secret of v{number} is gone for good when you leave; the rotation stays open.",
                f"Resuming offers to revoke v{number} and to issue another.",
            )
        return Question("Leave without handing it over?", lines, "Leave, let it go", harmless_verb="Stay")

    def action_show(self) -> None:
        """Show or mask."""
        self.query_one(SecretLine).toggle()

    def action_copy(self) -> None:
        """Send to whichever clipboard the operator sits at."""
        if route(self._environment) is Route.TERMINAL:
            self.action_osc52()
        else:
            self._send(str(Route.LOCAL), copy_locally, "cleared again after 45 s")

    def action_osc52(self) -> None:
        """Send to the terminal, whatever it makes of it."""
        send_to_terminal(self._write, self._secret)
        words = "Terminals do not confirm: paste it where it belongs, then here."
        self._send(str(Route.TERMINAL), lambda _: None, words)

    def _write(self, sequence: str) -> None:
        """To the terminal itself: `copy_to_clipboard` would keep the secret in `app.clipboard`."""
        driver = self.app._driver
        if driver is not None:
            driver.write(sequence)

    def action_file(self) -> None:
        """Ask for a path, then write."""
        question = Question(
            "Write the secret to a new file?",
            ("It is made with mode 0600. A file that is there already is never touched.",),
            "Write it",
            note="path of the new file",
            note_required=True,
            harmless_verb="Back",
        )
        self.app.push_screen(ConfirmDialog(question), self._write_file)

    def _write_file(self, path: str | None) -> None:
        if path:
            place = Path(path).expanduser().absolute()
            self._send(str(place), lambda secret: write_new_file(place, secret), "mode 0600", hands_over=True)

    def action_pipe(self) -> None:
        """Ask for a command, then run it."""
        question = Question(
            "Pipe the secret to a command?",
            ("It runs without a shell and reads the secret on its standard input. What it prints is thrown away.",),
            "Run it",
            note="command, as in: gh secret set API_KEY",
            note_required=True,
            harmless_verb="Back",
        )
        self.app.push_screen(ConfirmDialog(question), self._run_command)

    def _run_command(self, line: str | None) -> None:
        if not line:
            return
        try:
            words = parse_command(line)
        except KeytuiError as error:
            self.report(error)
            return
        self._send(f"command {words[0]}", lambda secret: pipe_to_command(words, secret), "exit code 0", hands_over=True)

    def _send(self, target: str, send: Callable[[Secret], object], words: str, *, hands_over: bool = False) -> None:
        """Send by one way, and have it recorded, a failure too. `hands_over`: it cannot be pasted back from there."""
        secret, rotation, at = self._secret, self._rotation, self.console.clock()
        sent = Delivery(target, "sent", at, self._version.fingerprint)

        def work(vault: Vault) -> None:
            try:
                send(secret)
            except KeytuiError as error:
                if rotation is not None:
                    vault.deliver(rotation.id, Delivery(target, "failed", at, None, error.message))
                raise
            if rotation is not None:
                vault.deliver(rotation.id, sent)

        def done(_: None) -> None:
            self._sent = sent if hands_over else self._sent
            self._note(Content.assemble(("✓ ", "$success"), f"sent to {harmless(target)} {clock_time(at)}. {words}"))

        def failed(error: KeytuiError) -> None:
            why = f"{error.message}  {error.hint}"
            self._note(Content.assemble(("✗ ", "bold $error"), f"{harmless(target)}: {harmless(why)}"))

        self.change(work, done, failed)

    def _note(self, line: Content) -> None:
        self._log.append(line)
        log = self.query_one("#log", Words)
        log.add_class("-said")
        log.say(Content("\n").join(self._log))

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
            self._finish()
        else:
            rotation_id = self._rotation.id
            self.change(lambda vault: vault.prove(rotation_id, pasted), lambda _: self._finish())

    def _answer(self, advice: tuple[str, str]) -> None:
        found, remedy = advice
        self.query_one("#answer", Words).say(
            Content.assemble(("✗ not the same: ", "bold $error"), found, "\n", (f"→ {remedy}", "$quiet"))
        )

    def action_have_it(self) -> None:
        """The hand-over is done without a paste."""
        if self._rotation is not None and self._sent is None:
            self.tell(
                "nothing shows yet that it arrived",
                "paste it back, or write a file or pipe it first",
                severity="warning",
            )
            return
        where = f"It went to {self._sent.target}." if self._sent is not None else "You say that you have it."
        question = Question(
            "Is the new secret where it belongs?",
            (where, "It cannot be shown again after this."),
            "Yes, handed over",
            harmless_verb="Not yet",
        )
        self.app.push_screen(ConfirmDialog(question), self._said_so)

    def _said_so(self, answer: str | None) -> None:
        if answer is None:
            return
        rotation, sent = self._rotation, self._sent
        if rotation is None or sent is None:
            self._finish()
        else:
            self.change(lambda vault: vault.handed_over(rotation.id, sent), lambda _: self._finish())

    def _finish(self) -> None:
        self._forget()
        self.tell(f"v{self._version.number} of {self._key.name} is handed over", "its secret is kept nowhere here")
        self.dismiss(True)


def _key(key: str, does: str) -> Content:
    return Content.assemble((key, "bold $accent"), f" {does}")
