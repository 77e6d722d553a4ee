"""Step 3 come back to: the secret was shown once and not handed over, so it is gone by design."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from keytui.domain.rotation import Verb, allowed
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.tui.clipboard import Route
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.screens.wizard.ask_secret import SecretDialog
from keytui.tui.screens.wizard.issue import ask_abandon
from keytui.tui.screens.wizard.step import StepBody
from keytui.tui.screens.wizard.watch import delivery_line
from keytui.tui.screens.wizard.words import clock_time, command
from keytui.tui.widgets.words import Words
from keytui.vault.model import Delivery


class LostSecretBody(StepBody):
    """Says plainly that the secret is gone, and offers the ways on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "I", "reissue", "issue again", id="hand-over.reissue", tooltip="Revoke it and issue another; asks first"
        ),
        Binding("p", "prove", "paste it", id="hand-over.prove", tooltip="If you hold it after all: paste it, masked"),
        Binding(
            "H", "have_it", "it arrived", id="hand-over.arrived", tooltip="Go on with a file or a pipe that took it"
        ),
        Binding("A", "abandon", "abandon", id="hand-over.abandon", tooltip="Revoke it and go back; asks first"),
    ]

    def compose(self) -> ComposeResult:
        yield Words()

    def show(self) -> None:
        if self.detail is None:
            return
        rotation, old = self.detail.rotation, self.detail.old
        new = rotation.new_version
        lines = [
            Content.styled(f"? the secret of v{new} is gone", "bold $warning"),
            Content(f"It was issued and never handed over; keytui does not keep it. Nobody may hold v{new}."),
            Content(f"v{old.number} is {old.state}, and is not touched by issuing again."),
            Content(""),
            Content.assemble(("I", "bold $accent"), f" revoke v{new} and issue another, whose secret is then shown"),
            Content.assemble(("p", "bold $accent"), " paste it back, if it reached you after all"),
        ]
        if (sent := self._sent()) is not None:
            lines.append(Content.assemble(("H", "bold $accent"), f" say that it arrived: {harmless(sent.target)}"))
        if Verb.ABANDON in allowed(rotation):
            lines.append(
                Content.assemble(("A", "bold $accent"), f" abandon: revoke v{new}, and go on with v{old.number}")
            )
        lines += [Content(""), *map(delivery_line, self.detail.deliveries)]
        self.query_one(Words).say(Content("\n").join(lines))

    def _sent(self) -> Delivery | None:
        """The newest delivery of this version to a place that it cannot be pasted back from."""
        if self.detail is None or self.detail.new is None:
            return None
        own = [each for each in self.detail.deliveries if each.fingerprint == self.detail.new.fingerprint]
        return next((each for each in reversed(own) if each.target not in list(Route)), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        may_abandon = self.detail is not None and Verb.ABANDON in allowed(self.detail.rotation)
        if (action == "have_it" and self._sent() is None) or (action == "abandon" and not may_abandon):
            return False
        return super().check_action(action, parameters)

    def action_prove(self) -> None:
        """Take the secret, masked, from an operator who holds it although the console was closed."""
        if self.detail is None:
            return
        rotation = self.detail.rotation

        def pasted(secret: Secret | None) -> None:
            if secret is not None:
                self.act(lambda vault: vault.prove(rotation.id, secret), f"v{rotation.new_version} is handed over")

        number = rotation.new_version
        dialog = SecretDialog(
            f"Paste the secret of v{number}", "It is compared by digest, and kept nowhere.", "Compare"
        )
        self.app.push_screen(dialog, pasted)

    def action_have_it(self) -> None:
        """Ask, then go on with what a file or a command took."""
        sent = self._sent()
        if self.detail is None or sent is None:
            return
        rotation = self.detail.rotation
        question = Question(
            "Is the new secret where it belongs?",
            (f"It went to {sent.target} {clock_time(sent.at)}.",),
            "Yes, handed over",
            harmless_verb="Not yet",
        )

        def confirmed(answer: str | None) -> None:
            if answer is not None:
                arrived = replace(sent, state="sent") if sent.state == "begun" else sent
                self.act(
                    lambda vault: vault.handed_over(rotation.id, arrived), f"v{rotation.new_version} is handed over"
                )

        self.app.push_screen(ConfirmDialog(question), confirmed)

    def action_reissue(self) -> None:
        """Ask, then issue another."""
        if self.detail is None:
            return
        rotation = self.detail.rotation
        question = Question(
            f"Issue another version of {rotation.key_name}?",
            (f"v{rotation.new_version} is revoked: nobody was given it.", f"v{rotation.old_version} is not touched."),
            "Issue again",
            command=command("rotate", rotation.key_name, "--resume"),
            harmless_verb="Not yet",
        )

        def confirmed(answer: str | None) -> None:
            if answer is not None:
                self.wizard.reissue(rotation.id)

        self.app.push_screen(ConfirmDialog(question), confirmed)

    def action_abandon(self) -> None:
        """Ask, then go back to the old version."""
        ask_abandon(self)
