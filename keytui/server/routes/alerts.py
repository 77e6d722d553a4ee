"""Alerts, telling them, and the housekeeping beside."""

from __future__ import annotations

from fastapi import APIRouter

from keytui.domain.alerts import Alert, Attempt, Notification, Severity
from keytui.server.asking import Asked, Changed, Number
from keytui.server.bodies import Body, Note
from keytui.server.route import VaultRoute

alerts = APIRouter(prefix="/admin", tags=["alerts"], route_class=VaultRoute)


class Claim(Body):
    destination: str
    severities: tuple[Severity, ...]


class Attempted(Body):
    notification: Notification
    attempt: Attempt


class Erase(Body):
    caller: str


@alerts.get("/alerts")
def listed(vault: Asked, *, resolved: bool = False) -> tuple[Alert, ...]:
    """The open ones, the most serious first; with `resolved` those of the last 30 days too."""
    return vault.alerts(resolved=resolved)


@alerts.post("/alerts/tend")
def tend(vault: Asked) -> tuple[Alert, ...]:
    """Look for new ones now; what has opened."""
    return vault.tend()


@alerts.post("/alerts/{alert_id}/acknowledge")
def acknowledge(vault: Changed, alert_id: Number, asked: Note) -> Alert:
    """Say that somebody has seen it, and what is done about it."""
    return vault.acknowledge(alert_id, asked.note)


@alerts.post("/notifications/claim", responses={204: {"description": "There is nothing to tell."}})
def claim(vault: Asked, asked: Claim) -> Notification | None:
    """An alert that a destination was not told of, and that nobody else is telling it."""
    return vault.claim_notification(asked.destination, asked.severities)


@alerts.post("/notifications/attempts", status_code=204)
def note_attempt(vault: Changed, asked: Attempted) -> None:
    """How telling it ended."""
    vault.note_attempt(asked.notification, asked.attempt)


@alerts.post("/callers/erase")
def erase(vault: Changed, asked: Erase) -> int:
    """Forget a person wherever callers are kept; in how many places that was."""
    return vault.erase(asked.caller)
