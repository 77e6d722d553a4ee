"""Step 3 come back to: the secret was let go of by design. A target may hold it; else another is issued."""

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
from keytui.tui.command_lines import by_hand
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.screens.wizard.ask_secret import SecretDialog
from keytui.tui.screens.wizard.going_back import ask_back
from keytui.tui.screens.wizard.resuming import ResumingBody
from keytui.tui.screens.wizard.targets_panel import TargetsPanel
from keytui.tui.screens.wizard.watch import delivery_line
from keytui.tui.screens.wizard.words import clock_time, command
from keytui.tui.widgets.words import Words
from keytui.vault.model import Delivery


class LostSecretBody(ResumingBody):
    """Says plainly where the secret is, or that it is gone, and offers the ways on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "I", "reissue", "issue again", id="hand-over.reissue", tooltip="Revoke it and issue another; asks first"
        ),
        Binding("D", "resume", "go on delivering", id="hand-over.resume", tooltip="Go on with what a target holds"),
        Binding("K", "skip", "skip", id="hand-over.skip-later", tooltip="Leave out the target that failed; asks first"),
        Binding("p", "prove", "paste it", id="hand-over.prove", tooltip="If you hold it after all: paste it, masked"),
        Binding(
            "H", "have_it", "it arrived", id="hand-over.arrived", tooltip="Go on with a file or a pipe that took it"
        ),
        Binding("A", "abandon", "abandon", id="hand-over.abandon", tooltip="Revoke it and go back; asks first"),
    ]

    def compose(self) -> ComposeResult:
        yield TargetsPanel(id="targets")
        choices = Words(id="choices")
        choices.display = False
        yield choices
        yield Words(id="lost")

    def show(self) -> None:
        if self.detail is None:
            return
        rotation, old = self.detail.rotation, self.detail.old
        new = rotation.new_version
        lines = [
            *self._where(),
            Content(f"v{old.number} is {old.state}, and is not touched by issuing again."),
            Content(""),
            *self._to_targets(),
            Content.assemble(("p", "bold $accent"), " paste it back, if it reached you after all"),
        ]
        if (sent := self._sent()) is not None:
            lines.append(Content.assemble(("H", "bold $accent"), f" say that it arrived: {harmless(sent.target)}"))
        if Verb.ABANDON in allowed(rotation):
            lines.append(
                Content.assemble(("A", "bold $accent"), f" abandon: revoke v{new}, and go on with v{old.number}")
            )
        by_hand = [each for each in self.detail.deliveries if each.target not in self.targets]
        lines += [Content(""), *map(delivery_line, by_hand)]
        self.query_one("#lost", Words).say(Content("\n").join(lines))
        self.show_targets()

    def _where(self) -> list[Content]:
        new = self.detail.rotation.new_version if self.detail is not None else None
        if self.held:
            held = harmless(", ".join(name for name in self.targets if name in self.held))
            return [
                Content.styled(f"? v{new} is on its way to its targets", "bold $warning"),
                Content(f"keytui does not keep its secret. {held} may hold it: it is read back there, or put back."),
            ]
        return [
            Content.styled(f"? the secret of v{new} is gone", "bold $warning"),
            Content(f"It was issued and never handed over; keytui does not keep it. Nobody may hold v{new}."),
        ]

    def _to_targets(self) -> list[Content]:
        new = self.detail.rotation.new_version if self.detail is not None else None
        if self.held:
            words = " go on: read it back from a target that holds it, and deliver it to those that do not"
            return [Content.assemble(("D", "bold $accent"), words)]
        to = f"then goes to {', '.join(self.targets)}" if self.targets else "is then shown"
        return [
            Content.assemble(("I", "bold $accent"), f" revoke v{new} and issue another, whose secret {harmless(to)}")
        ]

    def _sent(self) -> Delivery | None:
        """The newest delivery of this version to a place that it cannot be pasted back from."""
        if self.detail is None or self.detail.new is None:
            return None
        own = [each for each in self.detail.deliveries if each.fingerprint == self.detail.new.known_as]
        elsewhere = {*Route, *self.targets} - {self.unsure()}
        fitting = [each for each in own if each.target not in elsewhere]
        return fitting[-1] if fitting else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        may_abandon = self.detail is not None and Verb.ABANDON in allowed(self.detail.rotation)
        offered = {
            "have_it": self._sent() is not None,
            "abandon": may_abandon,
            "resume": bool(self.held),
            "skip": bool(self.undelivered()),
            "reissue": not self.held,
        }
        if not offered.get(action, True):
            return False
        return super().check_action(action, parameters)

    def action_prove(self) -> None:
        """Take the secret, masked, from an operator who holds it although the console was closed."""
        if self.detail is None:
            return
        rotation = self.detail.rotation

        def pasted(secret: Secret | None) -> None:
            if secret is not None:
                self.act(
                    lambda vault: vault.prove(rotation.id, secret),
                    f"v{rotation.new_version} is handed over",
                    command=by_hand(f"v{rotation.new_version} of {rotation.key_name} was pasted back", rotation),
                )

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
                    lambda vault: vault.handed_over(rotation.id, arrived),
                    f"v{rotation.new_version} is handed over",
                    command=by_hand(f"v{rotation.new_version} of {rotation.key_name} went to {sent.target}", rotation),
                )

        self.app.push_screen(ConfirmDialog(question), confirmed)

    def action_reissue(self) -> None:
        """Ask, then issue another."""
        if self.detail is None:
            return
        rotation = self.detail.rotation
        question = Question(
            f"Issue another version of {rotation.key_name}?",
            (
                f"v{rotation.new_version} is revoked, also for whoever still has its secret on a screen.",
                f"v{rotation.old_version} is not touched.",
            ),
            "Issue again",
            command=command("rotate", rotation.key_name, "--resume"),
            harmless_verb="Not yet",
        )

        def confirmed(answer: str | None) -> None:
            if answer is not None:
                self.wizard.reissue(rotation)

        self.app.push_screen(ConfirmDialog(question), confirmed)

    def action_abandon(self) -> None:
        """Ask, then go back to the old version."""
        ask_back(self)
