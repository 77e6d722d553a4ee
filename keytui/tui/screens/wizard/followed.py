"""Two operators at one rotation: the step that shows a secret hears when another takes it over, or revokes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from textual.content import Content

from keytui.domain.errors import OutcomeUnknown, Refused, Unreachable
from keytui.domain.keys import VersionState
from keytui.domain.operators import person
from keytui.domain.rotation import Rotation
from keytui.domain.text import harmless
from keytui.tui.command_lines import for_rotation
from keytui.tui.permissions import WhyNot
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.confirm import ConfirmDialog
from keytui.tui.screens.taking_over import take_over_question
from keytui.vault.model import Changes, Issued
from keytui.vault.protocol import Vault

_GIVES_AWAY: Final = frozenset({"copy", "osc52", "file", "pipe", "have_it", "deliver", "skip", "roll_back"})


@dataclass(frozen=True, slots=True)
class Seen:
    """How the vault has the version whose secret is here, and its rotation; a new key has none."""

    rotation: Rotation | None
    state: VersionState


class FollowedScreen(VaultScreen[bool]):
    """Holds what was issued. Once another operator holds the rotation, or the version is revoked, nothing goes out."""

    def __init__(self, issued: Issued) -> None:
        super().__init__()
        self._key, self._version, self._rotation = issued.key, issued.version, issued.rotation
        self._overtaken: WhyNot | None = None
        self._revoked = False

    def fed(self, changes: Changes) -> None:
        if changes.concern(self._key.id):
            self.ask(self._look, self._followed, slot="followed", unasked=True)

    def _look(self, vault: Vault) -> Seen:
        versions = vault.detail(self._key.id).versions
        state = next((each.state for each in versions if each.number == self._version.number), VersionState.REVOKED)
        return Seen(vault.rotation(self._rotation.id).rotation if self._rotation is not None else None, state)

    def _followed(self, seen: Seen) -> None:
        before, self._rotation, self._overtaken = self._overtaken, seen.rotation, self._why_overtaken(seen)
        self._revoked = seen.state is VersionState.REVOKED
        self.show_heading()
        now = self._overtaken
        if now is not None and now != before:
            self.note(Content.assemble((f"✗ {harmless(now.reason)}", "bold $error"), f"\n  {harmless(now.way_out)}"))
        if self._revoked:
            self.forget()
        self.recheck()

    def _why_overtaken(self, seen: Seen) -> WhyNot | None:
        number, rotation, standing = self._version.number, seen.rotation, self.console.status.standing
        if seen.state is VersionState.REVOKED:
            instead = rotation.new_version if rotation is not None and rotation.open else None
            by = f": {rotation.holder} issued v{instead} instead" if rotation and instead not in {None, number} else ""
            return WhyNot(f"v{number} is revoked{by}", "its secret is worth nothing any more: esc leaves")
        if rotation is not None and standing is not None and person(rotation.holder) != person(standing.actor):
            return WhyNot(
                f"{rotation.holder} holds this rotation now",
                f"ask them before v{number} goes anywhere: O takes it over, esc leaves",
            )
        return None

    def why_not(self, action: str) -> WhyNot | None:
        if action == "take_over" and (reason := self._why_not_taken()) is not None:
            return reason
        return (self._overtaken if action in _GIVES_AWAY else None) or super().why_not(action)

    def _why_not_taken(self) -> WhyNot | None:
        """Why there is nothing to take over; None where another operator holds the rotation."""
        rotation = self._rotation
        if rotation is None or not rotation.open:
            return WhyNot("no rotation is open here", "there is nothing to take over")
        if self._overtaken is None:
            return WhyNot("you hold this rotation", "there is nobody to take it from")
        return self._overtaken if self._revoked else None

    def action_take_over(self) -> None:
        """Ask, then hold the rotation again."""
        rotation = self._rotation
        if rotation is None or self.why_not("take_over") is not None:
            return

        def confirmed(answer: str | None) -> None:
            if answer is not None:
                self.change(
                    lambda vault: vault.take_over(rotation.id), self._taken, command=for_rotation("take-over", rotation)
                )

        self.app.push_screen(ConfirmDialog(take_over_question(rotation)), confirmed)

    def _taken(self, rotation: Rotation) -> None:
        self.tell("you hold it now", f"v{self._version.number} may go where it belongs")
        self.ask(self._look, self._followed, slot="followed", unasked=True)

    def refuse_overtaken(self, vault: Vault) -> None:
        """Raise Refused if another operator was here; what was fed may be older than that. For a worker.

        A vault that does not answer stops nobody: the secret is here only, and would be lost.
        """
        try:
            why = self._why_overtaken(self._look(vault))
        except (Unreachable, OutcomeUnknown):
            return
        if why is not None:
            raise Refused(why.reason, why.way_out)

    def show_heading(self) -> None:
        """Say how the rotation stands now."""

    def note(self, line: Content) -> None:
        """One line more of what became of the secret."""

    def forget(self) -> None:
        """Let go of the secret."""
