"""What verifiers and probes recognise secrets by."""

from __future__ import annotations

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from keytui.domain.keys import Key, Kind
from keytui.domain.recognition import Kept
from keytui.domain.verification import Credential
from keytui.vault.local.mapping import key_of, version_of
from keytui.vault.local.tables import KeyRow, VersionRow


def credentials(session: Session, *which: ColumnElement[bool]) -> tuple[Credential, ...]:
    """Every version that could be presented, of all keys or of some. Revoked ones too: the service learns why."""
    found = (
        select(KeyRow, VersionRow)
        .join(VersionRow, col(VersionRow.key_id) == KeyRow.id)
        .where(col(VersionRow.sealed).is_(None), *which)
    )
    keys: dict[str, Key] = {}
    return tuple(
        Credential(version.digest, version.keyed, keys.setdefault(key.id, key_of(key)), version_of(version))
        for key, version in session.exec(found)
    )


def kept_values(session: Session) -> tuple[Kept, ...]:
    """Every version that is kept sealed: nobody is let in by it here, and a leak of it is one all the same."""
    found = (
        select(KeyRow.kind, VersionRow)
        .join(VersionRow, col(VersionRow.key_id) == KeyRow.id)
        .where(col(VersionRow.sealed).is_not(None))
    )
    return tuple(
        # of an address, scheme and host are shown, and it does not begin with both
        Kept(version.key_id, version.number, version.digest, version.prefix if kind == Kind.TOKEN else None)
        for kind, version in session.exec(found)
    )
