"""Alerts, and the housekeeping that the server does when it is asked."""

from __future__ import annotations

from collections.abc import Sequence

from keytui.domain.alerts import Alert, Attempt, Notification, Severity
from keytui.vault.remote.exchange import Request
from keytui.vault.remote.section import Section
from keytui.vault.wire import encode


class Alerting(Section):
    """What notes and tells alerts is safe in every profile, and asks no guard."""

    def alerts(self, *, resolved: bool = False) -> tuple[Alert, ...]:
        return self._line.get(tuple[Alert, ...], "/admin/alerts", {"resolved": str(resolved).lower()})

    def acknowledge(self, alert_id: int, note: str) -> Alert:
        return self._change(Alert, f"/admin/alerts/{alert_id}/acknowledge", {"note": note}, look="keytui alerts")

    def tend(self) -> tuple[Alert, ...]:
        return self._line.ask(tuple[Alert, ...], "/admin/alerts/tend")

    def claim_notification(self, destination: str, severities: Sequence[Severity]) -> Notification | None:
        """A claim whose answer was lost lapses by itself, and is not asked for again."""
        body = {"destination": destination, "severities": tuple(severities)}
        return self._line.ask(Notification | None, "/admin/notifications/claim", body)

    def note_attempt(self, notification: Notification, attempt: Attempt) -> None:
        body = encode({"notification": notification, "attempt": attempt})
        self._line.change(type(None), Request("POST", "/admin/notifications/attempts", body=body), "keytui alerts")

    def erase(self, caller: str) -> int:
        return self._change(int, "/admin/callers/erase", {"caller": caller})
