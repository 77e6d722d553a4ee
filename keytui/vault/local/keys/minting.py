"""New versions of keys: minted here, stored as a digest before the secret goes anywhere."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session, col, func, select

from keytui.domain.keys import VersionState
from keytui.domain.secrets import BASE36, Randomness, Secret, drawn, is_weak, parse_format
from keytui.vault.local.tables import KeyRow, VersionRow

ID_LENGTH: Final = 16


def new_key_id(randomness: Randomness) -> str:
    """Sixteen of [a-z0-9]: 82 bits, so that no two vaults make the same."""
    return drawn(BASE36, ID_LENGTH, randomness)


def mint_version(
    session: Session, key: KeyRow, now: datetime, randomness: Randomness, label: str = ""
) -> tuple[VersionRow, Secret]:
    """The key's next version, accepted as soon as the transaction commits, and its secret."""
    secret = parse_format(key.format).mint(randomness)
    row = VersionRow(
        key_id=key.id,
        number=next_number(session, key.id),
        state=VersionState.ACTIVE,
        created_at=now,
        digest=secret.digest(),
        prefix=secret.prefix(),
        label=label,
    )
    session.add(row)
    session.flush()
    return row, secret


def adopted_version(key_id: str, secret: Secret, now: datetime, pepper: bytes, label: str = "") -> VersionRow:
    """The first version of a key whose value exists already, outside. A weak one shows no prefix."""
    weak = is_weak(secret)
    return VersionRow(
        key_id=key_id,
        number=1,
        state=VersionState.ACTIVE,
        created_at=now,
        digest=digest_of(secret, pepper),
        keyed=weak,
        weak=weak,
        prefix=None if weak else secret.prefix(),
        delivered_at=now,
        label=label,
    )


def digest_of(secret: Secret, pepper: bytes) -> str:
    """What is stored of a value: SHA-256, or for one that could be guessed from it, an HMAC under the pepper."""
    return secret.keyed_digest(pepper) if is_weak(secret) else secret.digest()


def next_number(session: Session, key_id: str) -> int:
    """A number that no version of the key ever had."""
    newest = session.exec(select(func.max(VersionRow.number)).where(col(VersionRow.key_id) == key_id)).one()
    return (newest or 0) + 1
