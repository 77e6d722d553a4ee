"""Entries of the log as its table stores them, many at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from keytui.domain.audit import AuditEntry, Event
from keytui.vault.local.columns import microseconds
from keytui.vault.local.many_rows import insert_rows
from keytui.vault.local.tables import AuditRow

_COLUMNS: Final = (
    *("sequence", "at", "actor", "type", "key_id", "key_name", "version", "rotation_id", "details", "refused"),
    *("previous", "hash", "tenant"),
)
_in_order: Final = json.JSONEncoder(sort_keys=True).encode


def stored_details(event: Event) -> str:
    """The details as the table has them."""
    return _in_order(dict(event.details))


def insert_entries(session: Session, entries: Sequence[tuple[AuditEntry, str]]) -> None:
    """Insert entries of keys, each with the tenant that may read it."""
    insert_rows(session, AuditRow, _COLUMNS, [_values(entry, tenant) for entry, tenant in entries])


def _values(entry: AuditEntry, tenant: str) -> tuple[object, ...]:
    event = entry.event
    return (
        *(entry.sequence, microseconds(entry.at), entry.actor, event.type, event.key_id, event.key_name),
        *(event.version, event.rotation_id, stored_details(event), event.refused, entry.previous, entry.hash, tenant),
    )
