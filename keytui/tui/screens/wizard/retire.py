"""Step 5: the old version is suspended and watched. One key brings it back; revoking it asks for a second verdict.

Where the issuer cannot suspend, this step says so before the old version is revoked; and where that was revoked at
once, it stays here until the systems refuse it.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from keytui.domain.durations import long
from keytui.domain.rotation import OLD_REFUSED, Rotation, RotationState
from keytui.domain.text import harmless
from keytui.tui.command_lines import for_rotation
from keytui.tui.screens.wizard.asking import AskingBody
from keytui.tui.screens.wizard.completing import ask_complete
from keytui.tui.screens.wizard.going_back import ask_back
from keytui.tui.screens.wizard.probing import ProbesPanel
from keytui.tui.screens.wizard.targets_panel import TargetsPanel
from keytui.tui.screens.wizard.watch import ask_note, pace_lines
from keytui.tui.screens.wizard.words import clock_time
from keytui.tui.widgets.verdict import VerdictPanel
from keytui.tui.widgets.words import Words
from keytui.vault.model import RotationDetail


class RetireBody(AskingBody):
    """Watches the suspension, and asks the systems whether they refuse the old version by now."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("U", "restore", "restore", id="retire.restore", tooltip="Accept the old version again, at once"),
        Binding("C", "complete", "complete", id="retire.complete", tooltip="Revoke the old version; asks first"),
        Binding("b", "watch", "back to the watch", id="retire.watch", tooltip="Nothing has happened yet"),
        Binding("o", "paste_old", "paste the old", id="retire.paste-old", tooltip="Ask with the old secret, masked"),
        Binding("n", "note", "note", id="retire.note", tooltip="Leave a note for whoever comes next"),
        Binding("B", "roll_back", "roll back", id="retire.roll-back", tooltip="Revoke the new version; asks first"),
    ]

    def compose(self) -> ComposeResult:
        yield Words(id="suspended")
        yield Words(id="paces")
        yield ProbesPanel(id="probes")
        yield VerdictPanel()
        yield TargetsPanel(id="targets")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        state = None if self.detail is None else self.detail.rotation.state
        absent = {
            "restore": state is not RotationState.SUSPENDED,
            "paste_old": state not in OLD_REFUSED,
            "watch": state in OLD_REFUSED,
            "roll_back": state is RotationState.PROVING,
        }
        if absent.get(action):
            return False
        return super().check_action(action, parameters)

    def versions(self, rotation: Rotation) -> tuple[int, ...]:
        """The old one is asked with once it must be refused: before, that would count as its use."""
        new = () if rotation.new_version is None else (rotation.new_version,)
        return (*new, rotation.old_version) if rotation.state in OLD_REFUSED else new

    def show(self) -> None:
        self.tick()

    def tick(self) -> None:
        detail = self.detail
        if detail is None:
            return
        now = self.now
        self.query_one("#suspended", Words).say(
            _standing(detail, now, self.wizard.key.issuer if self.wizard.key else "")
        )
        paces = self.query_one("#paces", Words)
        paces.say(pace_lines(detail, now, paces.size.width))
        self.query_one(VerdictPanel).show(detail.assessment, now)

    def action_restore(self) -> None:
        """Accept the old version again: no question, for somebody is being refused."""
        if self.detail is not None:
            rotation = self.detail.rotation
            self.act(
                lambda vault: vault.restore(rotation.id),
                f"v{rotation.old_version} is accepted again",
                command=for_rotation("restore", rotation),
            )

    def action_complete(self) -> None:
        """Ask, then revoke the old version."""
        ask_complete(self)

    def action_watch(self) -> None:
        """Back to step 4; nothing has happened yet."""
        self.wizard.retiring = False
        self.wizard.draw()

    def action_paste_old(self) -> None:
        """Ask with the old secret, from whoever still has it."""
        if self.detail is not None:
            explanation = "It is compared by digest, sent to this key's own systems only, and kept nowhere."
            self.paste(self.detail.rotation.old_version, explanation)

    def action_note(self) -> None:
        """Leave a note."""
        ask_note(self)

    def action_roll_back(self) -> None:
        """Ask, then go back to the old version."""
        ask_back(self)


def _standing(detail: RotationDetail, now: datetime, issuer: str) -> Content:
    """How the old version stands in this step."""
    old, since = detail.old.number, detail.rotation.suspended_at
    if detail.rotation.state is RotationState.PROVING:
        return Content.assemble(
            (f"▲ v{old} is revoked, and the rotation is not completed\n", "bold $warning"),
            "A system let the old secret in after that, or nobody has asked yet.\n",
            ("C", "bold $accent"),
            " asks once more, and completes it when every system refuses the old secret\n",
        )
    if detail.rotation.state is not RotationState.SUSPENDED or since is None:
        return Content.assemble(
            (f"▲ {harmless(issuer)} cannot suspend a version and accept it again\n", "bold $warning"),
            f"v{old} is accepted still. There is no trial: the next step revokes it for good, and nothing brings it"
            " back.\n",
            ("C", "bold $accent"),
            f" revokes v{old}, on the verdict below   ",
            ("b", "bold $accent"),
            " goes back to the watch\n",
        )
    return Content.assemble(
        (f"v{old} is suspended", "bold"),
        f" since {clock_time(since)}, watched for {long(now - since)}\n",
        ("U", "bold $accent"),
        " accepts it again, at once\n",
    )
