"""The audit log on disk: a chain in the database, and signatures made with a key that is outside of it.

Every 64th entry, the last of every rotation and the last before a clean end are signed (Ed25519) into the table of
checkpoints. The newest head is also kept, signed, in a file beside the key, so that cutting off the end of the log
shows. Who keeps a checkpoint elsewhere sees what was done to the log even by somebody who has all of these files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlmodel import Session, col, func, select

from keytui.domain.audit import GENESIS, AuditCheck, AuditEntry, Event, link
from keytui.domain.secrets import Randomness
from keytui.vault.local.chain import first_broken
from keytui.vault.local.entry_rows import insert_entries, stored_details
from keytui.vault.local.entry_tenants import first_misplaced
from keytui.vault.local.files import kept_key, replace
from keytui.vault.local.log_head import HEAD_FILE, Head, has_signed, hash_at, head_of, holds, kept_beyond, kept_head
from keytui.vault.local.tables import AuditRow, CheckpointRow
from keytui.vault.model import Checkpoint

KEY_FILE: Final = "signing.key"
CHECKPOINT_EVERY: Final = 64
_OF_VAULT: Final = 12
"""Digits of the first entry's hash."""
_ENDS_A_ROTATION: Final = frozenset({"rotation.completed", "rotation.rolled-back", "rotation.abandoned"})


_SIGNED: Final = select(CheckpointRow.sequence, CheckpointRow.hash, CheckpointRow.signature, AuditRow.hash).join(
    AuditRow, col(AuditRow.sequence) == CheckpointRow.sequence, isouter=True
)
"""Every checkpoint's number, hash and signature, and the hash of its entry."""


class Ledger:
    """Writes and checks the chain. The signing key is made on first use."""

    def __init__(self, directory: Path, randomness: Randomness) -> None:
        self._head_file = directory / HEAD_FILE
        self._key = Ed25519PrivateKey.from_private_bytes(kept_key(directory / KEY_FILE, randomness))

    def append(
        self, session: Session, at: datetime, actor: str, event: Event, tenant: str | None, *, after: Head | None
    ) -> Head:
        """The next entry, in the session's transaction; with a checkpoint when one is due. Its tenant may read it.

        `after` is the entry that this transaction appended last, if it has: nobody else writes meanwhile.
        """
        head = after or head_of(session)
        entry = link(head.sequence + 1, at, actor, event, head.hash)
        session.add(_row(entry, tenant))
        new = Head(entry.sequence, entry.hash)
        ends = event.type in _ENDS_A_ROTATION and not event.refused
        if ends or new.sequence % CHECKPOINT_EVERY == 0:
            self.checkpoint(session, new, at)
        return new

    def append_all(
        self, session: Session, at: datetime, actor: str, events: Sequence[tuple[Event, str]], *, after: Head | None
    ) -> Head:
        """The next entries, each with its tenant, as `append` would write them one by one. None ends a rotation."""
        head = after or head_of(session)
        entries: list[AuditEntry] = []
        for event, _ in events:
            entries.append(link(head.sequence + 1, at, actor, event, head.hash))
            head = Head(entries[-1].sequence, entries[-1].hash)
            if head.sequence % CHECKPOINT_EVERY == 0:
                self.checkpoint(session, head, at)
        insert_entries(session, [(entry, tenant) for entry, (_, tenant) in zip(entries, events, strict=True)])
        return head

    def checkpoint(self, session: Session, head: Head, at: datetime) -> None:
        """Sign the head into the database, once."""
        if head.sequence and session.get(CheckpointRow, head.sequence) is None:
            signature = self._key.sign(head.signed_text())
            session.add(CheckpointRow(sequence=head.sequence, hash=head.hash, at=at, signature=signature))

    def break_around(self, session: Session, first: int, last: int) -> int | None:
        """The first entry that does not follow, from the signature before `first` to the one after `last`.

        What lies between two signatures of the chain cannot be written anew without the key. Where there is none yet,
        the log's own beginning and end stand for them.
        """
        sequence = col(CheckpointRow.sequence)
        before = session.exec(_SIGNED.where(sequence < first).order_by(sequence.desc()).limit(1)).first()
        after = session.exec(_SIGNED.where(sequence >= last).order_by(sequence).limit(1)).first()
        for row in (before, after):
            if row is not None and self._checkpoint_fault(*row):
                return row[0]
        start = Head(*before[:2]) if before is not None else Head(0, GENESIS)
        return first_broken(session, start.sequence, start.hash, after[0] if after is not None else None)

    def begin_with(self, head: Head) -> None:
        """Keep the head that a server finds which is new beside others; one that was kept, or spoiled, stays."""
        if not self._head_file.exists():
            self.remember(head)

    def beyond_the_end(self, session: Session) -> Head | None:
        """The kept head, where the log does not hold it any more and nothing else is wrong: as after a restore."""
        kept, check = self._kept_head(), self.verify(session)
        if kept is None or check.broken_at is None:
            return None
        return kept if check.detail == self._end_fault(session, kept, check.entries) else None

    def kept_beyond(self, session: Session) -> Head | None:
        """The kept head, where the log does not hold it, whatever else is wrong; asked before anything else."""
        return kept_beyond(session, self._head_file, self._signed)

    def head_says_nothing(self) -> bool:
        """Whether there is a file of the kept head that cannot be read, or that the vault's key has not signed."""
        return os.path.lexists(self._head_file) and self._kept_head() is None

    def has_signed(self, kept: Checkpoint) -> bool:
        """Whether a checkpoint is of this vault's key, wherever it was kept."""
        return kept.public_key == self.public_key and self._signed(Head(kept.sequence, kept.hash), kept.signature)

    def remember(self, head: Head, *, anew: bool = False) -> None:
        """Keep a committed head in the file beside the key; an older one never replaces a newer, unless `anew`."""
        kept = self._kept_head()
        if anew or kept is None or kept.sequence < head.sequence:
            signature = self._key.sign(head.signed_text()).hex()
            content = {"sequence": head.sequence, "hash": head.hash, "signature": signature}
            replace(self._head_file, json.dumps(content).encode())

    @property
    def public_key(self) -> bytes:
        """Of the signing key: Ed25519, 32 bytes."""
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, text: bytes) -> bytes:
        """A signature that anybody can verify who has the public key."""
        return self._key.sign(text)

    def signed(self, head: Head, at: datetime) -> Checkpoint:
        """The head, to be kept elsewhere."""
        return Checkpoint(head.sequence, head.hash, at, self.sign(head.signed_text()), self.public_key)

    def verify(self, session: Session, kept: Sequence[Checkpoint] = (), *, to_the_end: bool = True) -> AuditCheck:
        """Recompute the chain, every checkpoint and the kept head, and look for those `kept` elsewhere.

        Without `to_the_end` the kept head is not asked for: a backup's log may end before it.
        """
        head = self._kept_head()  # before the session sees its moment: others write meanwhile
        entries = head_of(session).sequence
        checkpoints = session.exec(select(CheckpointRow.sequence).order_by(col(CheckpointRow.sequence))).all()
        broken_at = first_broken(session)
        if broken_at is not None:
            detail = f"entry {broken_at} was changed, moved, or follows one that is missing"
            return AuditCheck(entries, len(checkpoints), broken_at, detail)
        broken_at = first_misplaced(session)
        if broken_at is not None:
            detail = f"entry {broken_at} was given to another tenant than it is of"
            return AuditCheck(entries, len(checkpoints), broken_at, detail)
        for row in session.exec(_SIGNED.order_by(col(CheckpointRow.sequence))):
            detail = self._checkpoint_fault(*row)
            if detail:
                return AuditCheck(entries, len(checkpoints), row[0], detail)
        for one in kept:
            detail = self._kept_fault(session, one)
            if detail:
                return AuditCheck(entries, len(checkpoints), min(one.sequence, entries + 1), detail)
        missing = _first_missing(entries, checkpoints)
        if missing:
            detail = f"checkpoint {missing} is missing: what follows the one before it is signed by nobody"
            return AuditCheck(entries, len(checkpoints), missing, detail)
        detail = self._end_fault(session, head, entries) if to_the_end else ""
        if detail:
            return AuditCheck(entries, len(checkpoints), entries + 1, detail)
        signed = max([*checkpoints, *(one.sequence for one in kept)], default=0)
        return AuditCheck(entries, len(checkpoints), None, self._whole(entries, signed, head, len(kept)))

    def _whole(self, entries: int, signed: int, head: Head | None, kept: int) -> str:
        """Beside what agrees: how much of the end rests on nobody's signature, as after an older head was put back."""
        unsigned = entries - max(signed, head.sequence if head is not None else 0)
        elsewhere = f", and {kept} kept elsewhere" if kept else ""
        loose = f"; the newest {unsigned} are signed by nobody yet" if unsigned > 0 else ""
        return f"every entry, checkpoint and the kept head agree{elsewhere}{loose}"

    def _kept_fault(self, session: Session, kept: Checkpoint) -> str:
        head = Head(kept.sequence, kept.hash)
        if kept.public_key != self.public_key:
            return f"checkpoint {kept.sequence} that was kept is signed with another key than this vault's"
        if not self._signed(head, kept.signature):
            return f"checkpoint {kept.sequence} that was kept does not bear its own signature"
        if hash_at(session, head.sequence) is None:
            return f"the log was cut off: checkpoint {kept.sequence} that was kept is beyond its end"
        if not holds(session, head):
            return f"the log was written anew: entry {kept.sequence} is not the one of the checkpoint that was kept"
        return ""

    def _checkpoint_fault(self, sequence: int, said: str, signature: bytes, held: str | None) -> str:
        """What is wrong with one that says the hash `said`; the log holds `held` there, or nothing."""
        if held is None:
            return f"the log was cut off: checkpoint {sequence} is beyond its end"
        if held != said or not self._signed(Head(sequence, said), signature):
            return f"checkpoint {sequence} does not agree with its entry, or was not signed here"
        return ""

    def _end_fault(self, session: Session, kept: Head | None, entries: int) -> str:
        if kept is None:
            return f"the file of the newest head is missing or not signed here ({self._head_file})" if entries else ""
        if not holds(session, kept):
            return f"the log was cut off or replaced: it once reached entry {kept.sequence}"
        return ""

    def _kept_head(self) -> Head | None:
        return kept_head(self._head_file, self._signed)

    def _signed(self, head: Head, signature: bytes) -> bool:
        # A text has one signature of ours: to make it again takes a third of the time that asking for its proof does.
        return self._key.sign(head.signed_text()) == signature or has_signed(self.public_key, head, signature)


def _first_missing(entries: int, signed: Sequence[int]) -> int | None:
    """The first checkpoint that must be there and is not: removed with what it showed."""
    there = set(signed)
    due = range(CHECKPOINT_EVERY, entries + 1, CHECKPOINT_EVERY)
    return next((sequence for sequence in due if sequence not in there), None)


def vault_id(session: Session) -> str:
    """Tells this vault from every other: their logs began with different entries."""
    return session.exec(select(AuditRow.hash).order_by(col(AuditRow.sequence)).limit(1)).one()[:_OF_VAULT]


def position(session: Session, tenant: str | None = None) -> int:
    """Where the change feed stands, of the whole vault or as a tenant sees it."""
    newest = select(func.max(AuditRow.sequence))
    return session.exec(newest if tenant is None else newest.where(AuditRow.tenant == tenant)).one() or 0


def _row(entry: AuditEntry, tenant: str | None) -> AuditRow:
    event = entry.event
    return AuditRow(
        sequence=entry.sequence,
        at=entry.at,
        actor=entry.actor,
        type=event.type,
        key_id=event.key_id,
        key_name=event.key_name,
        version=event.version,
        rotation_id=event.rotation_id,
        details=stored_details(event),
        refused=event.refused,
        previous=entry.previous,
        hash=entry.hash,
        tenant=tenant,
    )
