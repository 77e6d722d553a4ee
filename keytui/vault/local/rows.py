"""Rows by their ids, or NotFound; and what a key's own row repeats of its versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session, col, select

from keytui.domain.drift import Drift, is_over
from keytui.domain.errors import NotFound, Refused
from keytui.domain.keys import VersionState
from keytui.domain.rotation import Rotation
from keytui.vault.local.mapping import rotation_of
from keytui.vault.local.tables import KeyRow, RotationRow, VersionRow, WaiverRow

_ACCEPTED: Final = (VersionState.ACTIVE, VersionState.OUTGOING)


def key_row(session: Session, key_id: str) -> KeyRow:
    row = session.get(KeyRow, key_id)
    if row is None:
        raise NotFound("no key has that id", "list the keys to see their ids: keytui list")
    return row


def version_row(session: Session, key_id: str, number: int) -> VersionRow:
    row = session.get(VersionRow, (key_id, number))
    if row is None:
        raise NotFound(f"the key has no version {number}", "show the key to see its versions")
    return row


def rotation_row(session: Session, rotation_id: int) -> RotationRow:
    row = session.get(RotationRow, rotation_id)
    if row is None:
        raise NotFound(f"there is no rotation #{rotation_id}", "list them: keytui rotations")
    return row


def version_rows(session: Session, key_id: str) -> Sequence[VersionRow]:
    """Every version of a key, newest first."""
    return session.exec(
        select(VersionRow).where(VersionRow.key_id == key_id).order_by(col(VersionRow.number).desc())
    ).all()


def stored_rotation(session: Session, row: RotationRow) -> Rotation:
    """The rotation as the domain knows it, with its key's name and its waivers."""
    waivers = session.exec(
        select(WaiverRow).where(WaiverRow.rotation_id == row.id).order_by(col(WaiverRow.at), col(WaiverRow.subject))
    ).all()
    return rotation_of(row, key_row(session, row.key_id), waivers)


def repeat_versions(session: Session, key: KeyRow) -> None:
    """Bring the key's own row up to date with its versions, after any of them changed."""
    session.flush()
    repeat(key, version_rows(session, key.id))


def repeat(key: KeyRow, rows: Sequence[VersionRow]) -> None:
    """The same, of one whose versions are all at hand, newest first.

    The current version is the active one; without one the newest that is not revoked, else the newest.
    """
    current = next(
        (row for row in rows if row.state == VersionState.ACTIVE),
        next((row for row in rows if row.state != VersionState.REVOKED), rows[0]),
    )
    accepted = [row for row in rows if row.state in _ACCEPTED]
    key.version = current.number
    key.version_created_at = current.created_at
    key.prefix = current.prefix
    key.weak = any(row.weak for row in accepted)
    key.shared = any(row.shared for row in accepted)
    key.leaked = any(row.leaked for row in accepted)
    _settle(key, rows)


def _settle(key: KeyRow, rows: Sequence[VersionRow]) -> None:
    """Drop what the last sync found and cannot be so any more. Whether a key has expired, only a sync asks again."""
    lets_in = key.disabled_at is None and key.revoked_at is None
    for row in rows:
        here = lets_in and row.state in _ACCEPTED
        if row.drift and is_over(Drift(row.drift), here) and not (here and key.expires_at is not None):
            row.drift = ""
    key.drifted = any(row.drift for row in rows)


def living_key(session: Session, key_id: str) -> KeyRow:
    """The key's row; Refused once it is revoked."""
    row = key_row(session, key_id)
    if row.revoked_at is not None:
        raise Refused(f"{row.name} is revoked, which is final", "create a new key")
    return row
