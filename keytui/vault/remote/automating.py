"""Keys that rotate by themselves, at the server."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Final

from keytui.domain.automation import AutoRotation, AutoRotationReport, Selection
from keytui.vault.remote.section import Section

_PATH: Final = "/admin/keys/rotation"
_LOOK: Final = "keytui auto-rotation"


class Automating(Section):
    """Auto-rotation, switched on and off."""

    def auto_rotations(self) -> tuple[AutoRotation, ...]:
        return self._line.get(tuple[AutoRotation, ...], _PATH)

    def enable_auto_rotation(
        self, which: Selection, interval: timedelta, *, keep_previous: bool = True
    ) -> AutoRotationReport:
        days = interval / timedelta(days=1)
        body = {**asdict(which), "interval_days": days, "keep_previous": keep_previous}
        return self._change(AutoRotationReport, f"{_PATH}/enable", body, look=_LOOK)

    def disable_auto_rotation(self, which: Selection) -> AutoRotationReport:
        return self._change(AutoRotationReport, f"{_PATH}/disable", asdict(which), look=_LOOK)
