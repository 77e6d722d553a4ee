"""Versions that an issuer is asked to accept: in the vault before it is asked, and refused until it has said yes."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from keytui.domain.keys import VersionState
from keytui.domain.secrets import Randomness, Secret, is_weak
from keytui.vault.local.keys.minting import digest_of, next_number
from keytui.vault.local.tables import KeyRow, VersionRow

_DIGEST_BYTES: Final = 32
_TAG_LENGTH: Final = 12
"""Of [0-9a-f]: 48 bits."""


def pending_version(
    session: Session, key: KeyRow, now: datetime, value: Secret | None, *, randomness: Randomness, label: str
) -> VersionRow:
    """The key's next version, known by `value`, or where the issuer makes the value, by nothing yet."""
    row = VersionRow(
        key_id=key.id,
        number=next_number(session, key.id),
        state=VersionState.SUSPENDED,
        created_at=now,
        digest=unknown_digest(randomness) if value is None else value.digest(),
        keyed=value is None,
        prefix=None if value is None else value.prefix(),
        label=label,
    )
    session.add(row)
    session.flush()
    return row


def never_let_in(row: VersionRow) -> bool:
    """Whether it is one that its issuer was asked for, and that nobody got: it may not be there at all."""
    return row.state == VersionState.SUSPENDED and row.delivered_at is None


def tag_of(row: VersionRow) -> str:
    """What tells a version that its issuer was asked to make from every other there: random, and in the vault before
    the call. "" of one that is known by something else.
    """
    unknown = row.keyed and not row.weak and row.prefix is None and not row.reference
    return row.digest[:_TAG_LENGTH] if unknown and never_let_in(row) else ""


def know_value(row: VersionRow, secret: Secret, pepper: bytes) -> None:
    """From now on the version is known by its value."""
    weak = is_weak(secret)
    row.digest = digest_of(secret, pepper)
    row.keyed = row.weak = weak
    row.prefix = None if weak else secret.prefix()


def unknown_digest(randomness: Randomness) -> str:
    """Stands where nobody here has the value: no value has it, and it is told to nobody (`keyed`)."""
    return randomness(_DIGEST_BYTES).hex()
