"""`:write`: make a read-only profile writable for a while, by typing its name."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from keytui.tui.screens.confirm import ConfirmDialog, Question

ARMED: Final = "# armed for 15 minutes; a command is armed by its own --write"


class ArmDialog(ConfirmDialog):
    """Arms the profile; its result says nothing that the status line would not."""

    def __init__(self, profile: str) -> None:
        super().__init__(
            Question(
                f"Arm {profile} for writing?",
                ("For 15 minutes, in this console only. The status line counts them down.",),
                "Arm",
                type_to_confirm=profile,
                harmless_verb="Stay read-only",
            )
        )
        self._profile = profile

    def act(self, note: str) -> None:
        profile = self._profile
        self.ask(lambda vault: vault.arm(profile), self._armed, command=ARMED)

    def _armed(self, until: datetime) -> None:
        self.console.ask_standing()
        self.dismiss("")
