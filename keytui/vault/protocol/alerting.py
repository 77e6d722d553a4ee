"""Alerts, and the housekeeping that goes on beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from keytui.domain.alerts import Alert, Attempt, Notification, Severity


class Alerting(Protocol):
    """Alerts, and the housekeeping that goes on beside."""

    def alerts(self, *, resolved: bool = False) -> tuple[Alert, ...]:
        """The open ones, the most serious first, then the newest; with `resolved` those of the last 30 days too."""
        ...

    def acknowledge(self, alert_id: int, note: str) -> Alert:
        """Somebody has seen it and says what is done about it. Audited."""
        ...

    def tend(self) -> tuple[Alert, ...]:
        """Look for new alerts, resolve what is over, roll old usage up; what has opened now. Safe in every profile:
        it notes what happened and changes no key. Cheap when it was done a moment ago, by whatever process.
        """
        ...

    def claim_notification(self, destination: str, severities: Sequence[Severity]) -> Notification | None:
        """An alert that a destination was not told of and that nobody else is telling it; None when there is none.

        It is this process's for `CLAIMED_FOR`. Safe in every profile.
        """
        ...

    def note_attempt(self, notification: Notification, attempt: Attempt) -> None:
        """How telling it ended. What failed is claimed again later, until it was told or the alert is long over."""
        ...

    def erase(self, caller: str) -> int:
        """Forget a person: the address or name becomes a number wherever callers are kept; how many were found.
        Counts and times stay, so that no verdict changes. Audited, without the name.
        """
        ...
