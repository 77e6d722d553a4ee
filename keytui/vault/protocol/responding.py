"""Incidents: opened when a key is compromised, told as a timeline, closed with what was learned."""

from __future__ import annotations

from typing import Protocol

from keytui.domain.incidents import Closing, Incident, IncidentDetail, IncidentDraft


class Responding(Protocol):
    """Incidents: opened when a key is compromised, told as a timeline, closed with what was learned."""

    def open_incident(self, draft: IncidentDraft) -> Incident:
        """Begin one. Its keys are of one tenant, and it is theirs. Invalid without a title or a key. Audited."""
        ...

    def incidents(
        self, *, open_only: bool, search: str = "", offset: int = 0, limit: int = 100
    ) -> tuple[Incident, ...]:
        """Rows `offset` to `offset + limit`, newest first; with `search` those whose keys or words hold that text."""
        ...

    def incident(self, incident_id: int) -> IncidentDetail:
        """All of one: what was done to its keys, who was cut off, what operators noted, how the load stands."""
        ...

    def note_incident(self, incident_id: int, note: str) -> Incident:
        """Add to its timeline. Refused once it is closed. Audited."""
        ...

    def close_incident(self, incident_id: int, closing: Closing) -> Incident:
        """End it. Invalid without cause, remediation and lessons; Refused, with the numbers, while the load of its
        keys is not back at its baseline, unless `closing.override` says why. Audited.
        """
        ...
