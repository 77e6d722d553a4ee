"""A rotation's whole story as one document: what the vault keeps of it, and what its log says, entry by entry."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from keytui.domain.addresses import without_addresses
from keytui.domain.approvals import LASTS
from keytui.domain.audit import AuditEntry
from keytui.domain.errors import NotFound, Refused
from keytui.vault.local.entry_rows import stored_entries
from keytui.vault.local.ledger import Ledger
from keytui.vault.local.mapping import delivery_of, key_of, step_of, stored_id, version_of
from keytui.vault.local.rows import key_row, stored_rotation, version_rows
from keytui.vault.local.tables import AuditRow, CheckpointRow, DeliveryRow, KeyRow, RotationRow, StepRow
from keytui.vault.local.usage.buckets import callers_of

FORMAT: Final = "keytui-evidence-1"

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]


def story(
    session: Session, ledger: Ledger, key_id: str, rotation_id: int | None, with_addresses: bool
) -> dict[str, Json]:
    """The document, but for who made it. NotFound when the key has no such rotation; Refused over a spoiled log."""
    key = key_row(session, key_id)
    row = _rotation(session, key, rotation_id)
    rotation = stored_rotation(session, row)
    versions = [number for number in (rotation.old_version, rotation.new_version) if number is not None]
    steps = session.exec(select(StepRow).where(StepRow.rotation_id == row.id).order_by(col(StepRow.id)))
    deliveries = session.exec(
        select(DeliveryRow).where(DeliveryRow.rotation_id == row.id).order_by(col(DeliveryRow.id))
    )
    told: dict[str, Json] = {
        "key": _plain(key_of(key)),
        "versions": [_plain(version_of(one)) for one in version_rows(session, key.id)],
        "rotation": _plain(rotation),
        "steps": [_plain(step_of(one)) for one in steps],
        "deliveries": [_plain(delivery_of(one)) for one in deliveries],
        "callers": [_plain(use) for use in callers_of(session, key.id, versions)],
    }
    entries = _entries(session, row)
    _refuse_spoiled(session, ledger, entries, stored_id(row.id))
    return {
        "format": FORMAT,
        **(told if with_addresses else {name: _without_addresses(part) for name, part in told.items()}),
        **_of_log(session, [_entry(entry, with_addresses) for entry in entries]),
    }


def canonical(document: Mapping[str, Json]) -> str:
    """The one way in which a document is written to be signed; the script that verifies it writes it so too."""
    return json.dumps(document, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)


def moment(at: datetime) -> str:
    """A time as the chain's hashes have it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _rotation(session: Session, key: KeyRow, rotation_id: int | None) -> RotationRow:
    found = select(RotationRow).where(RotationRow.key_id == key.id).order_by(col(RotationRow.id).desc()).limit(1)
    if rotation_id is not None:
        found = found.where(RotationRow.id == rotation_id)
    row = session.exec(found).first()
    if row is None:
        which = "has had no rotation" if rotation_id is None else f"has no rotation #{rotation_id}"
        raise NotFound(f"{key.name} {which}", "see what it has: keytui rotations --all")
    return row


def _entries(session: Session, rotation: RotationRow) -> Sequence[AuditEntry]:
    """The rotation's entries, what else happened to its key meanwhile, and approvals that it may have waited for."""
    of_it = col(AuditRow.rotation_id) == rotation.id
    own = session.exec(select(AuditRow.sequence).where(of_it).order_by(col(AuditRow.sequence))).all()
    found = of_it if not own else or_(of_it, _beside(rotation, own[0], own[-1]))
    return stored_entries(session, select(AuditRow).where(found).order_by(col(AuditRow.sequence)))


def _refuse_spoiled(session: Session, ledger: Ledger, entries: Sequence[AuditEntry], rotation_id: int) -> None:
    """Before anything is left out: who reads the file cannot recompute an entry that an address was taken from."""
    hint = "see what: keytui audit verify"
    if not any(entry.event.type == "rotation.planned" for entry in entries):
        raise Refused(f"the log does not say any more how rotation #{rotation_id} began", hint)
    broken_at = ledger.break_around(session, entries[0].sequence, entries[-1].sequence)
    if broken_at is not None:
        raise Refused(f"entry {broken_at} of the log was changed, moved, or follows one that is missing", hint)


def _beside(rotation: RotationRow, first: int, last: int) -> ColumnElement[bool]:
    sequence = col(AuditRow.sequence)
    meanwhile = and_(sequence > first, sequence < last)
    approved = and_(
        col(AuditRow.type).startswith("approval."),
        sequence < first,
        col(AuditRow.at) >= rotation.started_at - 2 * LASTS,
    )
    return and_(col(AuditRow.key_id) == rotation.key_id, or_(meanwhile, approved))


def _of_log(session: Session, entries: list[dict[str, Json]]) -> dict[str, Json]:
    """The entries, what they say of verdicts and approvals, and the signatures that the log holds of them."""
    signed = select(CheckpointRow).order_by(col(CheckpointRow.sequence))
    numbers = [entry["sequence"] for entry in entries]
    return {
        "verdicts": [_said(entry) for entry in entries if "verdict" in _details(entry)],
        "approvals": [_said(entry) for entry in entries if str(entry["type"]).startswith("approval.")],
        "entries": list(entries),
        "checkpoints": [
            {"sequence": row.sequence, "hash": row.hash, "at": moment(row.at), "signature": row.signature.hex()}
            for row in session.exec(signed.where(col(CheckpointRow.sequence).in_(numbers)))
        ],
    }


def _entry(entry: AuditEntry, with_addresses: bool) -> dict[str, Json]:
    event = entry.event
    details: dict[str, Json] = dict(sorted(event.details.items()))
    shown = details if with_addresses else {name: _without_addresses(text) for name, text in details.items()}
    return {
        "sequence": entry.sequence,
        "at": moment(entry.at),
        "actor": entry.actor,
        "type": event.type,
        "key_id": event.key_id,
        "key_name": event.key_name,
        "version": event.version,
        "rotation_id": event.rotation_id,
        "details": shown,
        "refused": event.refused,
        "previous": entry.previous,
        "hash": entry.hash,
        "addresses_left_out": shown != details,
    }


def _said(entry: dict[str, Json]) -> Json:
    return {
        "entry": entry["sequence"],
        "at": entry["at"],
        "by": entry["actor"],
        "what": entry["type"],
        "refused": entry["refused"],
        "details": _details(entry),
    }


def _details(entry: dict[str, Json]) -> dict[str, Json]:
    details = entry["details"]
    return details if isinstance(details, dict) else {}


def _plain(value: object) -> Json:
    """A dataclass of the domain as JSON knows it: without fractions, so that it is written in one way only."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, timedelta):
        return f"{value // timedelta(microseconds=1)} us"
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return str(value)


def _without_addresses(value: Json) -> Json:
    if isinstance(value, str):
        return without_addresses(value)
    if isinstance(value, list):
        return [_without_addresses(one) for one in value]
    if isinstance(value, dict):
        return {name: _without_addresses(one) for name, one in value.items()}
    return value
