"""Entries of the log as its table stores them, many at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from sqlmodel import Session
from sqlmodel.sql.expression import SelectOfScalar

from keytui.domain.audit import AuditEntry, Event
from keytui.domain.errors import Refused
from keytui.vault.local.columns import microseconds
from keytui.vault.local.many_rows import insert_rows
from keytui.vault.local.mapping import entry_of
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


def stored_entries(session: Session, found: SelectOfScalar[AuditRow]) -> list[AuditEntry]:
    """The entries that are found. Refused where one of them was changed into what cannot be read."""
    with spoiled_told():
        rows = session.exec(found).all()
    return [_read(row) for row in rows]


@contextmanager
def spoiled_told() -> Iterator[None]:
    """Refused where what is made of the log's entries within meets one that was changed into what cannot be read."""
    try:
        yield
    except (TypeError, ValueError, LookupError, OverflowError):
        raise _changed("an entry") from None


def _read(row: AuditRow) -> AuditEntry:
    """SQLite keeps whatever it is given, also where a text belongs."""
    texts = (row.actor, row.type, row.key_id, row.key_name, row.details, row.previous, row.hash)
    if not all(isinstance(text, str) for text in texts):
        raise _changed(f"entry {row.sequence}")
    return entry_of(row)


def _changed(which: str) -> Refused:
    return Refused(f"{which} of the audit log was changed and cannot be read", "see which: keytui audit verify")


def _values(entry: AuditEntry, tenant: str) -> tuple[object, ...]:
    event = entry.event
    return (
        *(entry.sequence, microseconds(entry.at), entry.actor, event.type, event.key_id, event.key_name),
        *(event.version, event.rotation_id, stored_details(event), event.refused, entry.previous, entry.hash, tenant),
    )
