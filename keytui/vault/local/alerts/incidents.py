"""Incidents: what was done to a key lately that its callers could have felt, read from the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from keytui.domain.rotation import Strategy
from keytui.domain.usage import NO_KEY
from keytui.vault.local.entry_rows import spoiled_told
from keytui.vault.local.tables import AuditRow, RotationRow

MOST: Final = 1_000
"""The newest incidents are enough to watch: a night in which more keys are rotated has an operator of its own."""
_RETIRES: Final = {
    "rotation.retired": "v{} was retired",
    "rotation.old-revoked": "v{} was revoked",
    "rotation.completed": "v{} was revoked",
    "version.revoked": "v{} was revoked",
}
_IMMEDIATE: Final = "rotation.issued"
"""Of a rotation without an overlap: the old version was revoked with it."""
_OTHERS: Final = {"rotation.rolled-back": "v{} was rolled back", "key.enabled": "it was enabled"}


@dataclass(frozen=True, slots=True)
class Incident:
    """The first thing that happened to a key within the time that is watched."""

    key_id: str
    at: datetime
    what: str
    """In words."""
    version: int
    """That was retired or rolled back; 0 for neither."""
    retired: bool
    rotation_id: int | None


def incidents(session: Session, since: datetime) -> Mapping[str, Incident]:
    """The first incident of each key since a time; what followed from it, as its completion, is part of it."""
    types = (*_RETIRES, *_OTHERS, _IMMEDIATE)
    found = (
        select(AuditRow, RotationRow)
        .join(RotationRow, col(RotationRow.id) == AuditRow.rotation_id, isouter=True)
        .where(AuditRow.at >= since, col(AuditRow.type).in_(types), AuditRow.key_id != NO_KEY)
        .where(col(AuditRow.refused).is_(False))
        .order_by(col(AuditRow.sequence).desc())
        .limit(MOST)
    )
    first: dict[str, Incident] = {}
    with spoiled_told():
        entries = session.exec(found).all()
    for entry, rotation in entries:
        incident = _incident(entry, rotation)
        if incident is not None:
            first[incident.key_id] = incident
    return first


def _incident(entry: AuditRow, rotation: RotationRow | None) -> Incident | None:
    version, words = entry.version or 0, {**_RETIRES, **_OTHERS}.get(entry.type)
    if entry.type == _IMMEDIATE:
        if rotation is None or rotation.strategy != Strategy.IMMEDIATE:
            return None
        version, words = rotation.old_version, "v{} was revoked"
    elif words is None:
        return None
    retired = entry.type not in _OTHERS
    return Incident(entry.key_id, entry.at, words.format(version), version, retired, entry.rotation_id)
