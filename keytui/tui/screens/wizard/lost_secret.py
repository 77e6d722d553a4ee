"""Step 3 come back to: the secret was shown once and not handed over, so it is gone by design."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from keytui.domain.rotation import Verb, allowed
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.screens.wizard.issue import ask_abandon
from keytui.tui.screens.wizard.step import StepBody
from keytui.tui.screens.wizard.words import command
from keytui.tui.widgets.words import Words


class LostSecretBody(StepBody):
    """Says plainly that the secret is gone, and offers the ways on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "I", "reissue", "issue again", id="hand-over.reissue", tooltip="Revoke it and issue another; asks first"
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
        ]
        if Verb.ABANDON in allowed(rotation):
            lines.append(
                Content.assemble(("A", "bold $accent"), f" abandon: revoke v{new}, and go on with v{old.number}")
            )
        self.query_one(Words).say(Content("\n").join(lines))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "abandon":
            return self.detail is not None and Verb.ABANDON in allowed(self.detail.rotation)
        return True

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
