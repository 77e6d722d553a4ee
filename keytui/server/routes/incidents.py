"""Incidents: opened, told, noted and closed."""

from __future__ import annotations

from fastapi import APIRouter

from keytui.domain.incidents import Closing, Incident, IncidentDetail, IncidentDraft
from keytui.server.asking import Asked, Changed, Limit, Number, Offset, Word
from keytui.server.bodies import Body, Note
from keytui.server.route import VaultRoute

incidents = APIRouter(prefix="/admin", tags=["incidents"], route_class=VaultRoute)


class OpenIncident(Body):
    draft: IncidentDraft


class CloseIncident(Body):
    closing: Closing


@incidents.get("/incidents")
def listed(
    vault: Asked, *, open_only: bool = False, search: Word = "", offset: Offset = 0, limit: Limit = 100
) -> tuple[Incident, ...]:
    """Newest first; with `search` those whose keys or words hold that text."""
    return vault.incidents(open_only=open_only, search=search, offset=offset, limit=limit)


@incidents.post("/incidents", status_code=201)
def open_incident(vault: Changed, asked: OpenIncident) -> Incident:
    """Begin one, about keys of one tenant."""
    return vault.open_incident(asked.draft)


@incidents.get("/incidents/{incident_id}")
def detail(vault: Asked, incident_id: Number) -> IncidentDetail:
    """Its timeline, who was cut off, and how the load of its keys stands."""
    return vault.incident(incident_id)


@incidents.post("/incidents/{incident_id}/note")
def note_incident(vault: Changed, incident_id: Number, asked: Note) -> Incident:
    """Add to its timeline."""
    return vault.note_incident(incident_id, asked.note)


@incidents.post("/incidents/{incident_id}/close")
def close_incident(vault: Changed, incident_id: Number, asked: CloseIncident) -> Incident:
    """End it, with cause, remediation and lessons; refused while the load is not back, unless an override says why."""
    return vault.close_incident(incident_id, asked.closing)
