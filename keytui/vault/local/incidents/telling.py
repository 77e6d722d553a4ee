"""An incident told in order: what was done to its keys, who was cut off, what operators noted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from keytui.domain.audit import AuditEntry
from keytui.domain.errors import Refused
from keytui.domain.incidents import CutOff, Former, Happening, Incident, Moment, in_order
from keytui.domain.keys import ACCEPTED, VersionState
from keytui.vault.local.entry_rows import stored_entries
from keytui.vault.local.mapping import key_of, version_of
from keytui.vault.local.tables import AuditRow, CallerRow, IncidentKeyRow, IncidentNoteRow, KeyRow, VersionRow
from keytui.vault.local.usage.buckets import by_caller

MOST_ENTRIES: Final = 1_000
"""Entries of the log that one timeline shows: the first ones, where the emergency is."""
_UNTOLD: Final = frozenset({"old_fingerprint", "new_fingerprint", "prefix", "verdict", "reasons"})
"""Details that stand in the log and say nothing here."""


def timeline_of(
    session: Session, incident: Incident, cut_off: Sequence[CutOff], until: datetime
) -> tuple[tuple[Moment, ...], int]:
    """Oldest first, and how many entries of the log were left out."""
    opened = Moment(incident.opened_at, incident.opened_by, Happening.OPENED, incident.title)
    told, left_out = _done(session, incident, until)
    parts = ((opened,), told, tuple(map(_gone, cut_off)), _notes(session, incident), tuple(_closed(incident)))
    return in_order(*parts), left_out


def cut_off_of(session: Session, incident: Incident, until: datetime) -> tuple[CutOff, ...]:
    """Who used a version until it was revoked in this incident, the latest to be let in first."""
    names = {key.id: key.name for key in incident.keys}
    revoked = select(VersionRow).where(
        col(VersionRow.key_id).in_(names),
        VersionRow.state == VersionState.REVOKED,
        col(VersionRow.revoked_at) >= incident.opened_at,
        col(VersionRow.revoked_at) <= until,
    )
    ended = {(row.key_id, row.number): row.revoked_at for row in session.exec(revoked)}
    callers = session.exec(select(CallerRow).where(col(CallerRow.key_id).in_({key_id for key_id, _ in ended}))).all()
    found = []
    for ((key_id, version), name, declared), rows in by_caller(callers).items():
        let_in = [row.last_accepted_at for row in rows if row.last_accepted_at is not None]
        at = ended.get((key_id, version))
        if not let_in or at is None:
            continue
        refused = max(row.refused for row in rows)
        back = _back_at(callers, key_id, version, name)
        found.append(CutOff(name, declared, names[key_id], version, max(let_in), at, refused, back))
    return tuple(sorted(found, key=lambda one: (one.last_let_in_at, one.caller), reverse=True))


def let_in_of(session: Session, incident: Incident, now: datetime) -> tuple[Former, ...]:
    """What a thief may use still."""
    found = (
        select(VersionRow, KeyRow)
        .join(KeyRow, col(KeyRow.id) == col(VersionRow.key_id))
        .join(IncidentKeyRow, col(IncidentKeyRow.key_id) == col(KeyRow.id))
        .where(IncidentKeyRow.incident_id == incident.id, col(VersionRow.number) <= col(IncidentKeyRow.version))
        .where(col(VersionRow.state).in_(ACCEPTED))
        .order_by(col(KeyRow.name), col(KeyRow.id), col(VersionRow.number))
    )
    rows = session.exec(found).all()
    return tuple(Former(key.name, row.number) for row, key in rows if key_of(key).accepts(version_of(row), now))


def _back_at(callers: Sequence[CallerRow], key_id: str, version: int, name: str) -> datetime | None:
    """When a caller was first seen with a later version that let it in."""
    later = (row for row in callers if row.key_id == key_id and row.version > version and row.name == name)
    return min((row.first_seen for row in later if row.accepted), default=None)


def _done(session: Session, incident: Incident, until: datetime) -> tuple[tuple[Moment, ...], int]:
    """What the log tells, and how much of it was left out. Whoever spoils the log does not hide the incident."""
    try:
        entries = _entries(session, incident, until)
    except Refused as spoiled:
        return (Moment(until, "keytui", Happening.DONE, f"{spoiled.message}; {spoiled.hint}"),), 0
    return tuple(_told(entry) for entry in entries[:MOST_ENTRIES]), len(entries[MOST_ENTRIES:])


def _entries(session: Session, incident: Incident, until: datetime) -> Sequence[AuditEntry]:
    """What the log has of the incident's keys, its own word left out."""
    found = select(AuditRow).where(
        col(AuditRow.key_id).in_([key.id for key in incident.keys]),
        col(AuditRow.at) >= incident.opened_at,
        col(AuditRow.at) <= until,
        ~col(AuditRow.type).startswith("incident."),
    )
    return stored_entries(session, found.order_by(col(AuditRow.sequence)).limit(MOST_ENTRIES * 10))


def _told(entry: AuditEntry) -> Moment:
    event = entry.event
    version = "" if event.version is None else f" v{event.version}"
    details = ", ".join(f"{name} {text}" for name, text in event.details.items() if text and name not in _UNTOLD)
    refused = " (refused)" if event.refused else ""
    words = f"{event.type}{refused}: {event.key_name}{version}"
    return Moment(entry.at, entry.actor, Happening.DONE, words + (f"; {details}" if details else ""))


def _gone(one: CutOff) -> Moment:
    """Told when its version was revoked."""
    back = "not back yet" if one.back_at is None else f"back at {one.back_at:%H:%M:%SZ}"
    last = f"{one.last_let_in_at:%Y-%m-%d %H:%M:%SZ}"
    text = f"used v{one.version} of {one.key_name}, last let in {last}; {one.refused:,} refused; {back}"
    return Moment(one.cut_off_at, one.caller, Happening.CUT_OFF, text, one.declared)


def _notes(session: Session, incident: Incident) -> tuple[Moment, ...]:
    found = select(IncidentNoteRow).where(IncidentNoteRow.incident_id == incident.id)
    rows = session.exec(found.order_by(col(IncidentNoteRow.id)))
    return tuple(Moment(row.at, row.actor, Happening.NOTE, row.note) for row in rows)


def _closed(incident: Incident) -> Iterator[Moment]:
    if incident.closed_at is not None:
        text = incident.cause + (f"; override: {incident.override}" if incident.override else "")
        yield Moment(incident.closed_at, incident.closed_by, Happening.CLOSED, text)
