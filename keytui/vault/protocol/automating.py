"""Keys that rotate by themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from keytui.domain.automation import AutoRotation, AutoRotationReport, Selection


class Automating(Protocol):
    """Keys that rotate by themselves."""

    def auto_rotations(self) -> tuple[AutoRotation, ...]:
        """Every key that does, by name."""
        ...

    def enable_auto_rotation(
        self, which: Selection, interval: timedelta, *, keep_previous: bool = True
    ) -> AutoRotationReport:
        """Switch it on, or change its interval. A key without a target is refused: nobody would receive the secret.

        Refused when not one key could be switched on.
        """
        ...

    def disable_auto_rotation(self, which: Selection) -> AutoRotationReport:
        """Switch it off; an open rotation stays open. `keys` are those that it was on for."""
        ...
