"""Incidents in the vault: opened, listed, noted and closed."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from keytui.domain.access import Operation
from keytui.domain.audit import Event
from keytui.domain.errors import Forbidden, Invalid, NotFound, Refused
from keytui.domain.incidents import (
    Closing,
    Incident,
    IncidentDetail,
    IncidentDraft,
    load_in_words,
    refuse_incomplete,
)
from keytui.vault.local.access.tenancy import acts_on_itself
from keytui.vault.local.dialects import folded_for_like
from keytui.vault.local.incidents.baseline import loads_of
from keytui.vault.local.incidents.mapping import incident_of, keys_of
from keytui.vault.local.incidents.telling import cut_off_of, let_in_of, timeline_of
from keytui.vault.local.keys.drafts import checked_note, checked_word
from keytui.vault.local.mapping import stored_id
from keytui.vault.local.rows import key_row
from keytui.vault.local.section import Section, Write
from keytui.vault.local.tables import IncidentKeyRow, IncidentNoteRow, IncidentRow, KeyRow

MOST_KEYS: Final = 500
"""Keys of one incident."""
_LARGEST_ID: Final = 2**63 - 1


class Responding(Section):
    """What an emergency leaves behind, and where it is told."""

    def open_incident(self, draft: IncidentDraft) -> Incident:
        title, key_ids = checked_word("title", draft.title), tuple(dict.fromkeys(draft.key_ids))
        if not title:
            raise Invalid("an incident needs a title", "as in: checkout-api in a public repository")
        if not 0 < len(key_ids) <= MOST_KEYS:
            raise Invalid(f"an incident is about 1 to {MOST_KEYS} keys", "name the keys that are compromised")
        with self._writing(Operation.RESPOND) as write:
            keys = [key_row(write.session, key_id) for key_id in key_ids]
            if len({key.tenant for key in keys}) > 1:
                raise Invalid("the keys are of several tenants", "open an incident for each tenant")
            row = IncidentRow(title=title, tenant=keys[0].tenant, opened_by=write.actor, opened_at=write.now)
            write.session.add(row)
            write.session.flush()
            for key in keys:
                write.session.add(IncidentKeyRow(incident_id=stored_id(row.id), key_id=key.id, version=key.version))
            write.session.flush()
            _record(write, row, "incident.opened", {"title": title})
            return write.answered(incident_of(write.session, row))

    def incidents(
        self, *, open_only: bool, search: str = "", offset: int = 0, limit: int = 100
    ) -> tuple[Incident, ...]:
        found = select(IncidentRow).order_by(col(IncidentRow.id).desc()).offset(offset).limit(limit)
        if open_only:
            found = found.where(col(IncidentRow.closed_at).is_(None))
        if search.strip():
            found = found.where(_holding(search.strip().casefold()))
        with self._reading() as session:
            return tuple(incident_of(session, row) for row in session.exec(found).all())

    def incident(self, incident_id: int) -> IncidentDetail:
        now = self._clock()
        with self._reading() as session:
            row = incident_row(session, incident_id)
            incident = incident_of(session, row)
            until = incident.closed_at or now
            cut_off = cut_off_of(session, incident, until)
            timeline, left_out = timeline_of(session, incident, cut_off, until)
            load = loads_of(session, incident, cut_off, now) if incident.open else ()
            let_in = let_in_of(session, incident, now) if incident.open else ()
            return IncidentDetail(incident, timeline, cut_off, load, left_out, let_in)

    def note_incident(self, incident_id: int, note: str) -> Incident:
        note = checked_note(note)
        if not note:
            raise Invalid("an empty note says nothing", "write down what was found or done")
        with self._writing(Operation.RESPOND) as write:
            row = _open_to(write, incident_id)
            write.session.add(
                IncidentNoteRow(incident_id=stored_id(row.id), at=write.now, actor=write.actor, note=note)
            )
            write.record(Event("incident.noted", details={"incident": str(row.id), "note": note}), row.tenant)
            return write.answered(incident_of(write.session, row))

    def close_incident(self, incident_id: int, closing: Closing) -> Incident:
        closing = Closing(*map(checked_note, (closing.cause, closing.remediation, closing.lessons, closing.override)))
        refuse_incomplete(closing)
        with self._writing(Operation.RESPOND) as write:
            row = _open_to(write, incident_id)
            incident = incident_of(write.session, row)
            cut_off = cut_off_of(write.session, incident, write.now)
            loads = loads_of(write.session, incident, cut_off, write.now)
            if not closing.override and not all(load.back for load in loads):
                raise Refused(
                    f"the load is not back: {load_in_words(load for load in loads if not load.back)}",
                    "find out who is still cut off; or close it with an override that says why",
                )
            row.closed_by, row.closed_at, row.load = write.actor, write.now, load_in_words(loads)
            row.cause, row.remediation, row.lessons = closing.cause, closing.remediation, closing.lessons
            row.override = closing.override
            told = {"cause": row.cause, "remediation": row.remediation, "lessons": row.lessons, "load": row.load}
            _record(write, row, "incident.closed", told | ({"override": row.override} if row.override else {}))
            return write.answered(incident_of(write.session, row))


def incident_row(session: Session, incident_id: int) -> IncidentRow:
    """The incident's row, or NotFound."""
    row = session.get(IncidentRow, incident_id) if 0 < incident_id <= _LARGEST_ID else None
    if row is None:
        raise NotFound(f"there is no incident #{incident_id}", "list them: keytui incident list --all")
    return row


def _open_to(write: Write, incident_id: int) -> IncidentRow:
    """The open incident, for whoever may see to it: with a key that it is about perhaps a thief asks."""
    row = incident_row(write.session, incident_id)
    for key, _ in keys_of(write.session, stored_id(row.id)):
        if acts_on_itself(write.principal, key):
            raise Forbidden(f"incident #{incident_id} is about {key.name} itself", "ask an operator of the tenant")
    if row.closed_at is not None:
        raise Refused(f"incident #{incident_id} was closed by {row.closed_by}", "open another one for what is new")
    return row


def _record(write: Write, row: IncidentRow, what: str, details: dict[str, str]) -> None:
    """One entry for each key, so that each key's own history tells of it."""
    details = {"incident": str(row.id), **details}
    for key, link in keys_of(write.session, stored_id(row.id)):
        write.record(Event(what, key.id, key.name, link.version, details=details))


def _holding(text: str) -> ColumnElement[bool]:
    """Whether its own words, a note, or a key's name or id hold the text."""

    def holds(column: str) -> ColumnElement[bool]:
        return folded_for_like(col(column), text).contains(text, autoescape=True)

    own = (IncidentRow.title, IncidentRow.cause, IncidentRow.remediation, IncidentRow.lessons, IncidentRow.load)
    noted = select(IncidentNoteRow.id).where(IncidentNoteRow.incident_id == IncidentRow.id, holds(IncidentNoteRow.note))
    of_key = (
        select(IncidentKeyRow.key_id)
        .join(KeyRow, col(KeyRow.id) == col(IncidentKeyRow.key_id))
        .where(IncidentKeyRow.incident_id == IncidentRow.id)
        .where(or_(holds(KeyRow.name), col(KeyRow.id) == text))
    )
    return or_(*map(holds, own), noted.exists(), of_key.exists())
