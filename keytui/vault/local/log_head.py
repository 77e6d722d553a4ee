"""The head of the audit log: its newest entry, in the database and as it is kept outside of it, signed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlmodel import Session, col, select

from keytui.domain.audit import GENESIS
from keytui.plain_file import read_plain
from keytui.vault.local.tables import AuditRow

HEAD_FILE: Final = "audit.head"


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of the chain, by its number and hash."""

    sequence: int
    hash: str

    def signed_text(self) -> bytes:
        """What a signature of this head covers."""
        return f"keytui audit {self.sequence} {self.hash}".encode()


Signed = Callable[[Head, bytes], bool]
"""Whether a signature of a head is of the vault's key."""


def has_signed(public_key: bytes, head: Head, signature: bytes) -> bool:
    """Whether the key with this public part, 32 bytes, has signed the head."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, head.signed_text())
    except (InvalidSignature, TypeError):  # SQLite keeps whatever it is given, also a text where bytes belong
        return False
    return True


def head_of(session: Session) -> Head:
    """The newest entry's number and hash; number 0 before the first."""
    newest = session.exec(
        select(AuditRow.sequence, AuditRow.hash).order_by(col(AuditRow.sequence).desc()).limit(1)
    ).first()
    return Head(*newest) if newest is not None else Head(0, GENESIS)


def holds(session: Session, head: Head) -> bool:
    """Whether the log has this entry."""
    return hash_at(session, head.sequence) == head.hash


def hash_at(session: Session, sequence: int) -> str | None:
    """Of that entry, whatever became of the rest of it; None where there is none."""
    return session.exec(select(AuditRow.hash).where(AuditRow.sequence == sequence)).first()


def kept_head(file: Path, signed: Signed) -> Head | None:
    """The head in the file; None when there is none, or none that the vault's key has signed."""
    try:
        content = json.loads(read_plain(file))
        head = Head(int(content["sequence"]), str(content["hash"]))
        return head if signed(head, bytes.fromhex(content["signature"])) else None
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):  # whatever JSON can be
        return None


def kept_beyond(session: Session, file: Path, signed: Signed) -> Head | None:
    """The kept head, where the log does not hold it: the database is an older copy of itself, or its log was cut.

    Asked before anything else in a session: what it reads first settles the moment that it sees, and others write. A
    head is kept once it is committed, so that a crash, or a full disk, leaves one that is older than the log.
    """
    kept = kept_head(file, signed)
    return None if kept is None or holds(session, kept) else kept
