"""The ways by which an operator takes a secret with them, in the one step that shows it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from textual.content import Content

from keytui.command import parse_command, pipe_to_command
from keytui.domain.errors import KeytuiError
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.private_file import write_new_file
from keytui.tui.clipboard import Route, copy_locally, route, send_to_terminal, terminal_limits
from keytui.tui.command_lines import by_hand
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.screens.wizard.followed import FollowedScreen
from keytui.tui.screens.wizard.words import clock_time
from keytui.tui.widgets.secret import SecretField, SecretLine
from keytui.tui.widgets.words import Words
from keytui.vault.model import Delivery, Issued
from keytui.vault.protocol import Vault

_FILE = Question(
    "Write the secret to a new file?",
    ("It is made with mode 0600. A file that is there already is never touched.",),
    "Write it",
    note="path of the new file",
    note_required=True,
    harmless_verb="Back",
)
_PIPE = Question(
    "Pipe the secret to a command?",
    ("It runs without a shell and reads the secret on its standard input. What it prints is thrown away.",),
    "Run it",
    note="command, as in: gh secret set API_KEY",
    note_required=True,
    harmless_verb="Back",
)


class ByHandScreen(FollowedScreen):
    """Holds the secret alone: on the screen, to a clipboard, a file, a command. Each way is recorded, a failure too."""

    SHOWS_SECRET: ClassVar[bool] = True
    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, issued: Issued, environment: Mapping[str, str] = os.environ) -> None:
        super().__init__(issued)
        self._secret = issued.secret
        self._environment = environment
        self._log: list[Content] = []
        self._sent: Delivery | None = None
        """The newest delivery to a place that it cannot be pasted back from."""

    def ways(self) -> Content:
        """The keys that take the secret somewhere."""
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
        self.forget()

    def on_screen_suspend(self) -> None:
        self.query_one(SecretLine).mask()

    def forget(self) -> None:
        """Let go of the secret, everywhere on this screen."""
        self._secret = Secret("")
        for line in self.query(SecretLine):
            line.forget()
        for field in self.query(SecretField):
            field.take()

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
        console = self.console
        words = "Terminals do not confirm: paste it where it belongs, then here."
        self._send(
            str(Route.TERMINAL),
            lambda secret: console.call_from_thread(send_to_terminal, self._write, secret),
            words,
        )

    def _write(self, sequence: str) -> None:
        """To the terminal itself: `copy_to_clipboard` would keep the secret in `app.clipboard`."""
        driver = self.app._driver
        if driver is not None:
            driver.write(sequence)

    def action_file(self) -> None:
        """Ask for a path, then write."""
        self.app.push_screen(ConfirmDialog(_FILE), self._write_file)

    def _write_file(self, path: str | None) -> None:
        if path:
            place = Path(path).expanduser().absolute()
            self._send(str(place), lambda secret: write_new_file(place, secret), "mode 0600", hands_over=True)

    def action_pipe(self) -> None:
        """Ask for a command, then run it."""
        self.app.push_screen(ConfirmDialog(_PIPE), self._run_command)

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
        """Send by one way, and have it recorded, a failure too. `hands_over`: it is no copy that can be pasted back."""
        key_id, number = self._key.id, self._version.number
        secret, at = self._secret, self.console.clock()
        rotation = self._rotation if self._rotation is not None and self._rotation.open else None
        sent = Delivery(target, "sent", at, self._version.known_as)

        def work(vault: Vault) -> None:
            self.refuse_overtaken(vault)
            try:
                send(secret)
            except KeytuiError as error:
                if rotation is not None:
                    vault.deliver(rotation.id, Delivery(target, "failed", at, None, error.message))
                raise
            if not hands_over:
                vault.note_copied(key_id, number, target)
            elif rotation is not None:
                vault.deliver(rotation.id, sent)

        def done(_: None) -> None:
            self._sent = sent if hands_over else self._sent
            self.note(Content.assemble(("✓ ", "$success"), f"sent to {harmless(target)} {clock_time(at)}. {words}"))

        def failed(error: KeytuiError) -> None:
            why = f"{error.message}  {error.hint}"
            self.note(Content.assemble(("✗ ", "bold $error"), f"{harmless(target)}: {harmless(why)}"))

        self.change(
            work,
            done,
            failed,
            command=by_hand(f"v{number} of {self._key.name} was sent to {target}", rotation),
        )

    def note(self, line: Content) -> None:
        """One line more of what was done with the secret."""
        self._log.append(line)
        log = self.query_one("#log", Words)
        log.add_class("-said")
        log.say(Content("\n").join(self._log))


def _key(key: str, does: str) -> Content:
    return Content.assemble((key, "bold $accent"), f" {does}")
