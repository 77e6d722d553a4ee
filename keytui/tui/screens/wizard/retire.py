"""Step 5: the old version is suspended and watched. One key brings it back; revoking it asks for a second verdict."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from keytui.domain.durations import long
from keytui.tui.screens.wizard.step import StepBody
from keytui.tui.screens.wizard.watch import ask_complete, ask_note, ask_roll_back, pace_lines
from keytui.tui.screens.wizard.words import clock_time
from keytui.tui.widgets.verdict import VerdictPanel
from keytui.tui.widgets.words import Words


class RetireBody(StepBody):
    """Watches the suspension."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("U", "restore", "restore", id="retire.restore", tooltip="Accept the old version again, at once"),
        Binding("C", "complete", "complete", id="retire.complete", tooltip="Revoke the old version; asks first"),
        Binding("n", "note", "note", id="retire.note", tooltip="Leave a note for whoever comes next"),
        Binding("B", "roll_back", "roll back", id="retire.roll-back", tooltip="Revoke the new version; asks first"),
    ]

    def compose(self) -> ComposeResult:
        yield Words(id="suspended")
        yield Words(id="paces")
        yield VerdictPanel()

    def show(self) -> None:
        self.tick()

    def tick(self) -> None:
        detail = self.detail
        if detail is None or detail.rotation.suspended_at is None:
            return
        since, now = detail.rotation.suspended_at, self.now
        self.query_one("#suspended", Words).say(
            Content.assemble(
                (f"v{detail.old.number} is suspended", "bold"),
                f" since {clock_time(since)}, watched for {long(now - since)}\n",
                ("U", "bold $accent"),
                " accepts it again, at once\n",
            )
        )
        paces = self.query_one("#paces", Words)
        paces.say(pace_lines(detail, now, paces.size.width))
        self.query_one(VerdictPanel).show(detail.assessment, now)

    def action_restore(self) -> None:
        """Accept the old version again: no question, for somebody is being refused."""
        if self.detail is not None:
            rotation = self.detail.rotation
            self.act(lambda vault: vault.restore(rotation.id), f"v{rotation.old_version} is accepted again")

    def action_complete(self) -> None:
        """Ask, then revoke the old version."""
        ask_complete(self)

    def action_note(self) -> None:
        """Leave a note."""
        ask_note(self)

    def action_roll_back(self) -> None:
        """Ask, then go back to the old version."""
        ask_roll_back(self)
