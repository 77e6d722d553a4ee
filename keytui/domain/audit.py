"""The audit log: entries chained by hash, so that an edit, a deletion or a reordering shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

GENESIS: Final = "0" * 64
canonical: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
"""JSON in the one spelling that is hashed: ASCII, without spaces."""
_ALIASES: Final = {"key_rotation": "rotation"}
"""What others call our types."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: an operating-system user and host locally, the authenticated principal on a server."""

    name: str
    host: str = ""

    def __str__(self) -> str:
        return f"{self.name}@{self.host}" if self.host else self.name


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, before it has a place in the chain. `details` never holds a secret."""

    type: str
    """`key.created`, `rotation.retired`, …: a noun and a past participle."""
    key_id: str = ""
    key_name: str = ""
    version: int | None = None
    rotation_id: int | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    refused: bool = False


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One link of the chain. `hash` covers everything else in it and `previous`, the hash before."""

    sequence: int
    at: datetime
    actor: str
    event: Event
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What to read of the log; an unset field takes everything."""

    type: str = ""
    """A whole type (`key.created`) or its noun (`key`); `key_rotation`, as auditors call it, is `rotation`."""
    key_id: str = ""
    key_version: int | None = None
    actor: str = ""
    """A whole actor (`ada@10.0.0.7`) or its name (`ada`)."""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    """Entries older than the one with this number."""

    @property
    def wanted_type(self) -> str:
        """The type or noun as the log has it."""
        return _ALIASES.get(self.type, self.type)


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What verifying the log found. `broken_at` is the first entry that does not follow; None when whole."""

    entries: int
    checkpoints: int
    broken_at: int | None
    detail: str


def link(sequence: int, at: datetime, actor: str, event: Event, previous: str) -> AuditEntry:
    """The next entry of the chain."""
    return AuditEntry(sequence, at, actor, event, previous, _hash(sequence, at, actor, event, previous))


def first_break(entries: Iterable[AuditEntry], previous: str = GENESIS, expected: int = 1) -> int | None:
    """The sequence number of the first entry that was edited, moved or follows a deletion; None when all hold.

    A log cut off at its end holds in itself: that shows only against a signed checkpoint.
    """
    for entry in entries:
        recomputed = _hash(entry.sequence, entry.at, entry.actor, entry.event, entry.previous)
        if entry.sequence != expected or entry.previous != previous or entry.hash != recomputed:
            return expected
        previous, expected = entry.hash, expected + 1
    return None


def _hash(sequence: int, at: datetime, actor: str, event: Event, previous: str) -> str:
    text = canonical(
        [
            sequence,
            at.astimezone(UTC).isoformat(timespec="microseconds"),
            actor,
            event.type,
            event.key_id,
            event.key_name,
            event.version,
            event.rotation_id,
            sorted(event.details.items()),
            event.refused,
            previous,
        ]
    )
    return hashlib.sha256(text.encode()).hexdigest()
