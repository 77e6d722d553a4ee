"""What an operator typed for a key, turned into the one key it means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, SQLColumnExpression
from sqlmodel import Session, col, or_, select

from keytui.domain.errors import Ambiguous, NotFound
from keytui.domain.near import nearest
from keytui.domain.secrets import PREFIX_LENGTH, Secret, looks_issued
from keytui.domain.text import harmless, quoted
from keytui.vault.local.tables import KeyRow, VersionRow

_ID_PREFIX_AT_LEAST: Final = 6
_NAMED_AT_MOST: Final = 10
_COMPARED: Final = 300
"""Names that a slip is looked for among: some hundredths of a second."""
_BEGINNINGS: Final = (5, 2, 1)
"""How many letters are taken to be right, the most first: few slips are at the beginning of a name."""
_FINGERPRINT: Final = re.compile(r"sha256:([0-9a-f]{16})")


def found_key(session: Session, reference: str) -> KeyRow:
    """By id, else by name, else by the start of an id or of a version's prefix, else by its fingerprint.

    NotFound, or Ambiguous.
    """
    _refuse_bytes(reference)
    _refuse_secret(session, reference)
    by_id = session.get(KeyRow, reference)
    if by_id is not None:
        return by_id
    for look in (_by_name, _by_prefix, _by_fingerprint):
        rows = look(session, reference)
        if len(rows) == 1:
            return rows[0]
        if rows:
            raise Ambiguous(f"{quoted(reference)} is more than one key", tuple(_candidates(rows)))
    raise NotFound(f"no key is called {quoted(reference)}", f"{_meant(session, reference)}list them: keytui list")


def _meant(session: Session, reference: str) -> str:
    """`did you mean NAME? ` of the names that begin as it does, as far as that takes no time; "" where none is near."""
    living = select(KeyRow.name).where(col(KeyRow.revoked_at).is_(None)).order_by(col(KeyRow.name)).limit(_COMPARED)
    begun = (typed[:length] for length in _BEGINNINGS for typed in (reference, reference.lower()))
    for begin in filter(None, dict.fromkeys(begun)):
        near = nearest(reference, session.exec(living.where(_begins(col(KeyRow.name), begin))).all())
        if near:
            return f"did you mean {' or '.join(map(harmless, near))}? "
    return ""


def _refuse_bytes(reference: str) -> None:
    """Bytes of a command line that are no text, which no name holds and no database takes."""
    try:
        reference.encode()
    except UnicodeEncodeError:
        raise NotFound(f"no key is called {quoted(reference)}", "list them: keytui list") from None


def _by_name(session: Session, reference: str) -> Sequence[KeyRow]:
    return _keys(session, KeyRow.name == reference)


def _by_prefix(session: Session, reference: str) -> Sequence[KeyRow]:
    if not reference:
        return ()
    ways: list[ColumnElement[bool]] = [
        col(KeyRow.id).in_(select(VersionRow.key_id).where(_begins(col(VersionRow.prefix), reference)))
    ]
    if len(reference) >= _ID_PREFIX_AT_LEAST:
        ways.append(_begins(col(KeyRow.id), reference))
    return _keys(session, or_(*ways))


def _by_fingerprint(session: Session, reference: str) -> Sequence[KeyRow]:
    """A weak value shows none, and of what is kept the digest is keyed."""
    printed = _FINGERPRINT.fullmatch(reference)
    if printed is None:
        return ()
    shown = select(VersionRow.key_id).where(
        _begins(col(VersionRow.digest), printed[1]),
        col(VersionRow.sealed).is_(None),
        col(VersionRow.keyed).is_(False),
        col(VersionRow.weak).is_(False),
    )
    return _keys(session, col(KeyRow.id).in_(shown))


def _begins(column: SQLColumnExpression[str] | SQLColumnExpression[str | None], start: str) -> ColumnElement[bool]:
    """As a range, which an index answers."""
    return column.between(start, start + "\U0010ffff")


def _keys(session: Session, condition: ColumnElement[bool] | bool) -> Sequence[KeyRow]:
    return session.exec(
        select(KeyRow).where(condition).order_by(col(KeyRow.name), col(KeyRow.id)).limit(_NAMED_AT_MOST + 1)
    ).all()


def _candidates(rows: Sequence[KeyRow]) -> list[str]:
    named = [f"{row.name} ({row.environment}, {row.id})" for row in rows[:_NAMED_AT_MOST]]
    return named + (["and more"] if len(rows) > _NAMED_AT_MOST else [])


def _refuse_secret(session: Session, reference: str) -> None:
    """A secret typed where a key is asked for: say so, and repeat none of it."""
    secret = Secret(reference)
    if looks_issued(secret) or _begins_a_version(session, secret):
        raise NotFound(
            "that looks like a secret itself, and a secret names no key",
            "use the key's name, its id or the first 12 characters; a secret typed into a shell is in its history",
        )


def _begins_a_version(session: Session, secret: Secret) -> bool:
    """Whether a value longer than a prefix begins as a version does."""
    begins = select(VersionRow.key_id).where(VersionRow.prefix == secret.prefix()).limit(1)
    return len(secret) > PREFIX_LENGTH and session.exec(begins).first() is not None
