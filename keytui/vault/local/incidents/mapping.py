"""From the rows of this package to the domain's dataclasses."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from keytui.domain.incidents import Incident, IncidentKey
from keytui.vault.local.mapping import stored_id
from keytui.vault.local.tables import IncidentKeyRow, IncidentRow, KeyRow


def keys_of(session: Session, incident_id: int) -> Sequence[tuple[KeyRow, IncidentKeyRow]]:
    """An incident's keys by name, as they are called now."""
    found = (
        select(KeyRow, IncidentKeyRow)
        .join(IncidentKeyRow, col(IncidentKeyRow.key_id) == col(KeyRow.id))
        .where(IncidentKeyRow.incident_id == incident_id)
        .order_by(col(KeyRow.name), col(KeyRow.id))
    )
    return session.exec(found).all()


def incident_of(session: Session, row: IncidentRow) -> Incident:
    number = stored_id(row.id)
    keys = (IncidentKey(key.id, key.name, key.environment, link.version) for key, link in keys_of(session, number))
    return Incident(
        id=number,
        title=row.title,
        tenant=row.tenant,
        keys=tuple(keys),
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        cause=row.cause,
        remediation=row.remediation,
        lessons=row.lessons,
        override=row.override,
        load=row.load,
    )
