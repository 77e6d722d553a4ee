"""Step 2: the issuer accepts the new version. Asked for, confirmed, and carried out once."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from keytui.domain.rotation import First, Plan, RotationState, Strategy
from keytui.domain.text import harmless
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.screens.wizard.going_back import ask_back
from keytui.tui.screens.wizard.step import StepBody
from keytui.tui.screens.wizard.words import cost, rotate_command, strategy_words
from keytui.tui.shell_lines import for_shell
from keytui.tui.widgets.words import Words


class IssueBody(StepBody):
    """Says what will happen, and does it after a yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("I", "issue", "issue", id="issue.issue", tooltip="Issue the new version; asks first"),
        Binding("b", "review", "back to review", id="issue.review", tooltip="Change the plan"),
        Binding("A", "abandon", "abandon", id="issue.abandon", tooltip="Give this rotation up; asks first"),
    ]

    def compose(self) -> ComposeResult:
        yield Words()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        planned = self.detail is not None and self.detail.rotation.state is RotationState.PLANNED
        if (action == "abandon" and not planned) or (action == "review" and self.detail is not None):
            return False
        return super().check_action(action, parameters)

    def show(self) -> None:
        old, new = self._numbers()
        plan = self.wizard.plan
        lines = [
            Content.styled(f"Issue v{new} beside v{old}" if _keeps_old(plan) else f"Issue v{new}", "bold"),
            Content(""),
        ]
        if self.detail is not None and self.detail.rotation.state is RotationState.REVOKED:
            lines.append(
                Content.styled(f"▲ v{old} is revoked and v{new} not issued: nobody gets in now.", "bold $warning")
            )
        lines += [
            Content(cost(plan)),
            Content("The secret exists in memory only, and is shown in the next step only."),
            *self._delivered_to(),
            Content(""),
            Content.assemble(("path      ", "$quiet"), strategy_words(plan)),
            Content.assemble(("reason    ", "$quiet"), harmless(plan.reason_text or str(plan.reason))),
            Content.assemble(("label     ", "$quiet"), harmless(plan.label) or "none"),
            Content.assemble(("same as   ", "$quiet"), harmless(self._in_a_shell(plan))),
        ]
        self.query_one(Words).say(Content("\n").join(lines))

    def _numbers(self) -> tuple[int, int]:
        if self.detail is not None:
            old = self.detail.rotation.old_version
            return old, self.detail.rotation.new_version or old + 1
        rehearsal = self.wizard.rehearsal
        return (rehearsal.old.number, rehearsal.next_number) if rehearsal is not None else (0, 0)

    def _in_a_shell(self, plan: Plan) -> str:
        return for_shell(rotate_command(self._key_name(), plan), self.wizard.console.profile)

    def _delivered_to(self) -> list[Content]:
        """Who gets it at once, in which order."""
        targets = self.wizard.key.targets if self.wizard.key is not None else ()
        return [Content(f"It is delivered at once, in this order: {harmless(', '.join(targets))}.")] if targets else []

    def _key_name(self) -> str:
        if self.detail is not None:
            return self.detail.rotation.key_name
        return self.wizard.rehearsal.key.name if self.wizard.rehearsal is not None else ""

    def action_issue(self) -> None:
        """Ask, then issue."""
        old, new = self._numbers()
        plan = self.wizard.plan
        question = Question(
            title=f"Issue v{new} of {self._key_name()}?",
            lines=(
                cost(plan),
                f"v{new} is accepted as soon as it is issued. Its secret is shown once, in the next step.",
                *(line.plain for line in self._delivered_to()),
            ),
            verb=f"Issue v{new}" if _keeps_old(plan) else f"Issue v{new}, revoke v{old}",
            command=rotate_command(self._key_name(), plan),
            harmless_verb="Not yet",
        )
        self.app.push_screen(ConfirmDialog(question), self._confirmed)

    def _confirmed(self, answer: str | None) -> None:
        if answer is not None:
            self.wizard.issue()

    def action_review(self) -> None:
        """Back to step 1; nothing has happened yet."""
        self.wizard.reviewed = False
        self.wizard.draw()

    def action_abandon(self) -> None:
        """Ask, then close the rotation; nothing has been issued."""
        ask_back(self)


def _keeps_old(plan: Plan) -> bool:
    return plan.strategy is Strategy.ROLLING or plan.first is First.REPLACE
