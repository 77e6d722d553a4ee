"""Access reviews, read from keys, callers and the log; a sign-off is an entry of the log and nothing more."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlmodel import Session, col, func, select

from keytui.domain.access import Operation
from keytui.domain.audit import AuditEntry, Event
from keytui.domain.flags import flags
from keytui.domain.keys import Flag
from keytui.domain.query import Query, Sort
from keytui.domain.reviews import Decision, Review, Reviewed, ReviewPage, Viewer
from keytui.vault.local.entry_rows import spoiled_told, stored_entries
from keytui.vault.local.keys.drafts import checked_note
from keytui.vault.local.keys.search import conditions, order
from keytui.vault.local.mapping import facts_of, summary_of
from keytui.vault.local.rows import living_key
from keytui.vault.local.section import Section
from keytui.vault.local.tables import AuditRow, KeyRow, VersionRow
from keytui.vault.local.usage.buckets import callers_of

_SEEN_BY: Final = {
    "key.created": "received it as it was made",
    "key.imported": "brought it in",
    "rotation.issued": "received it from a rotation",
    "rotation.reissued": "received it from a rotation",
    "value.sealed": "handed it in",
    "value.revealed": "revealed it",
    "value.copied": "copied it",
}
"""The log's entries whose actor had the secret, and how."""
_REVIEWED: Final = "key.reviewed"


class Reviewing(Section):
    """What a review shows, and its sign-offs."""

    def reviews(self, query: Query, offset: int, limit: int) -> ReviewPage:
        now = self._clock()
        matching = conditions(query, self._policies, now)
        with self._reading() as session:
            total = session.exec(select(func.count()).select_from(KeyRow).where(*matching)).one()
            found = select(KeyRow).where(*matching).order_by(*order(Sort())).offset(offset).limit(limit)
            keys = session.exec(found).all()
            ids = [key.id for key in keys]
            versions, viewers, last = _current(session, ids), _viewers(session, ids), _last(session, ids)
            rows = tuple(
                Reviewed(
                    summary_of(key, versions[key.id], self._policies.of(key.environment), now),
                    callers_of(session, key.id),
                    viewers.get(key.id, ()),
                    last.get(key.id),
                )
                for key in keys
            )
        return ReviewPage(rows, offset, total)

    def sign_off(self, key_id: str, decision: Decision, note: str) -> Review:
        with self._writing(Operation.REVIEW) as write:
            key = living_key(write.session, key_id)
            standing = flags(facts_of(key), self._policies.of(key.environment), write.now)
            said = checked_note(note)
            details = {
                "decision": str(decision),
                "owner": key.owner,
                "scopes": ", ".join(key.scopes),
                "flags": json.dumps(standing),
                "note": said,
            }
            told = {name: text for name, text in details.items() if text}
            write.record(Event(_REVIEWED, key.id, key.name, key.version, details=told))
            return write.answered(Review(key.id, write.now, write.actor, decision, said, key.owner, standing))


def _current(session: Session, ids: Sequence[str]) -> Mapping[str, VersionRow]:
    found = session.exec(
        select(VersionRow)
        .join(KeyRow, (col(KeyRow.id) == VersionRow.key_id) & (col(KeyRow.version) == VersionRow.number))
        .where(col(VersionRow.key_id).in_(ids))
    )
    return {version.key_id: version for version in found}


def _viewers(session: Session, ids: Sequence[str]) -> Mapping[str, tuple[Viewer, ...]]:
    """Whoever had a key's secret, once for each way; the latest first."""
    seen = (
        select(AuditRow)
        .where(col(AuditRow.key_id).in_(ids), col(AuditRow.type).in_(_SEEN_BY), col(AuditRow.refused).is_(False))
        .order_by(col(AuditRow.sequence).desc())
    )
    found: dict[str, dict[tuple[str, str], Viewer]] = defaultdict(dict)
    for entry in stored_entries(session, seen):
        of_key, how = found[entry.event.key_id], _SEEN_BY[entry.event.type]
        latest = of_key.get((entry.actor, how))
        if latest is None:
            of_key[entry.actor, how] = Viewer(entry.actor, how, entry.event.version, entry.at)
        else:
            of_key[entry.actor, how] = replace(latest, times=latest.times + 1)
    return {key_id: tuple(viewers.values()) for key_id, viewers in found.items()}


def _last(session: Session, ids: Sequence[str]) -> Mapping[str, Review]:
    """The newest sign-off of each key."""
    newest = (
        select(func.max(AuditRow.sequence))
        .where(col(AuditRow.key_id).in_(ids), AuditRow.type == _REVIEWED, col(AuditRow.refused).is_(False))
        .group_by(col(AuditRow.key_id))
    )
    entries = stored_entries(session, select(AuditRow).where(col(AuditRow.sequence).in_(newest)))
    with spoiled_told():
        return {entry.event.key_id: _review(entry) for entry in entries}


def _review(entry: AuditEntry) -> Review:
    said = entry.event.details
    return Review(
        entry.event.key_id,
        entry.at,
        entry.actor,
        Decision(said["decision"]),
        said.get("note", ""),
        said.get("owner", ""),
        tuple(Flag(flag) for flag in json.loads(said["flags"])),
    )
