"""Incidents, as the server keeps them."""

from __future__ import annotations

from keytui.domain.incidents import Closing, Incident, IncidentDetail, IncidentDraft
from keytui.vault.remote.parts import in_parts
from keytui.vault.remote.section import Section

_LOOK = "keytui incident list"


class Responding(Section):
    """Opened, told and closed there; delivering and proving are this machine's."""

    def open_incident(self, draft: IncidentDraft) -> Incident:
        return self._change(Incident, "/admin/incidents", {"draft": draft}, look=_LOOK)

    def incidents(
        self, *, open_only: bool, search: str = "", offset: int = 0, limit: int = 100
    ) -> tuple[Incident, ...]:
        def part(at: int, most: int) -> tuple[Incident, ...]:
            asked = {"open_only": str(open_only).lower(), "search": search}
            query = {**asked, "offset": str(offset + at), "limit": str(most)}
            return self._line.get(tuple[Incident, ...], "/admin/incidents", query)

        return in_parts(limit, part, lambda incidents: incidents)[0]

    def incident(self, incident_id: int) -> IncidentDetail:
        return self._line.get(IncidentDetail, f"/admin/incidents/{incident_id}")

    def note_incident(self, incident_id: int, note: str) -> Incident:
        return self._change(Incident, f"/admin/incidents/{incident_id}/note", {"note": note}, look=_LOOK)

    def close_incident(self, incident_id: int, closing: Closing) -> Incident:
        path = f"/admin/incidents/{incident_id}/close"
        return self._change(Incident, path, {"closing": closing}, look=f"{_LOOK} --all")
