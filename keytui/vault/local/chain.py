"""The audit chain hashed as its rows are read, without an object for each entry: a log may have a million of them.

An entry's text is put together here as `keytui.domain.audit` does it, in a third of the time. What does not agree is
asked again by the domain's rule, which has the last word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring_ascii as quoted
from typing import Final, cast

from sqlalchemy import BigInteger, Integer, select, type_coerce
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col

from keytui.domain.audit import GENESIS, AuditEntry, canonical, first_break
from keytui.vault.local.mapping import details_of, entry_of
from keytui.vault.local.tables import AuditRow

_AT_ONCE: Final = 2_000
_NO_TEXT: Final = "Could not decode to UTF-8"
"""What SQLite's driver says of a text that is none, for all rows that were asked for together."""
_MINUTE: Final = 60_000_000
"""In microseconds, as times are stored."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_PAIRS: Final = 12
_REFUSED: Final = ("false", "true")
_Stored = tuple[int, int, str, str, str, str, int | None, int | None, str, int, str, str]
_COLUMNS: Final = (
    col(AuditRow.sequence),
    type_coerce(col(AuditRow.at), BigInteger),
    col(AuditRow.actor),
    col(AuditRow.type),
    col(AuditRow.key_id),
    col(AuditRow.key_name),
    col(AuditRow.version),
    col(AuditRow.rotation_id),
    col(AuditRow.details),
    type_coerce(col(AuditRow.refused), Integer),
    col(AuditRow.previous),
    col(AuditRow.hash),
)


def first_broken(session: Session, after: int = 0, previous: str = GENESIS, until: int | None = None) -> int | None:
    """The first entry after number `after`, whose hash is `previous`, that does not follow; None when all hold.

    It was edited or moved, or what stood before it was deleted. Entries beyond `until` are not read.
    """
    return _first_broken(session, after + 1, previous, until, _AT_ONCE)


def _first_broken(session: Session, expected: int, previous: str, until: int | None, at_once: int) -> int | None:
    minutes = _Minutes()
    try:
        for row in _rows(session, expected, until, at_once):
            follows = row[0] == expected and row[10] == previous and _hash(row, minutes) == row[11]
            if not follows and not _follows(session, row[0], previous, expected):
                return expected
            expected, previous = expected + 1, row[11]
    except OperationalError as error:
        if _NO_TEXT not in str(error.orig):
            raise
        # Somewhere in the rows that were read together, of which none was seen yet: one by one it shows where.
        return expected if at_once == 1 else _first_broken(session, expected, previous, until, 1)
    return None


def _rows(session: Session, first: int, until: int | None, at_once: int) -> Iterator[_Stored]:
    sequence = col(AuditRow.sequence)
    found = select(*_COLUMNS).where(sequence >= first).order_by(sequence).execution_options(yield_per=at_once)
    with closing(session.connection().execute(found if until is None else found.where(sequence <= until))) as rows:
        yield from cast(Iterable[_Stored], rows)  # SQLAlchemy types rows of ten columns at most


def _follows(session: Session, sequence: int, previous: str, expected: int) -> bool:
    """By the domain's rule. SQLite keeps whatever it is given: what cannot be read at all does not follow."""
    try:
        return first_break(_entry(session, sequence), previous, expected) is None
    except (TypeError, ValueError, OverflowError):
        return False


def _entry(session: Session, sequence: int) -> Iterator[AuditEntry]:
    row = session.get(AuditRow, sequence)
    if row is not None:
        yield entry_of(row)


def _hash(row: _Stored, minutes: _Minutes) -> str:
    """What the entry's hash has to be; no hash at all where something is not of its column's kind."""
    sequence, at, actor, type_, key_id, key_name, version, rotation_id, details, refused, previous, _ = row
    try:
        text = (
            f'[{sequence:d},"{minutes.text(at)}",{quoted(actor)},{quoted(type_)},{quoted(key_id)},{quoted(key_name)},'
            f"{'null' if version is None else f'{version:d}'},{'null' if rotation_id is None else f'{rotation_id:d}'},"
            f"{_pairs(details)},{_REFUSED[refused]},{quoted(previous)}]"
        )
    except (TypeError, ValueError, LookupError, OverflowError):
        return ""
    return hashlib.sha256(text.encode()).hexdigest()


class _Minutes:
    """Times as text. Entries follow one another, and those of one minute share most of it."""

    def __init__(self) -> None:
        self._start = 0
        self._text = f"{_EPOCH:%Y-%m-%dT%H:%M:}"

    def text(self, at: int) -> str:
        """ISO 8601 in UTC, to the microsecond."""
        passed = at - self._start
        if not 0 <= passed < _MINUTE:
            passed = at % _MINUTE
            self._start = at - passed
            self._text = (_EPOCH + timedelta(microseconds=self._start)).isoformat()[:-8]
        digits = f"{passed:08d}"
        return f"{self._text}{digits[:2]}.{digits[2:]}+00:00"


def _between(opening: str, colon: str, comma: str, closing: str, pairs: int) -> list[str]:
    """What stands around the texts of that many pairs."""
    return [opening, *(colon, comma) * (pairs - 1), colon, closing]


_FRAMES: Final = {
    4 * pairs + 1: (_between("{", ": ", ", ", "}", pairs), _between("[[", ",", "],[", "]]", pairs))
    for pairs in range(1, _MOST_PAIRS + 1)
}
"""As details are stored and as they are hashed, by the number of parts between all their quotation marks."""


def _pairs(details: str) -> str:
    """Stored details as they are hashed. Plain ones, without anything escaped, only change what is between texts."""
    if details == "{}":
        return "[]"
    parts = details.split('"')
    stored, hashed = _FRAMES.get(len(parts), ([], []))
    plain = details.isascii() and details.isprintable() and "\\" not in details
    if not plain or parts[::2] != stored or parts[1::4] != sorted(set(parts[1::4])):
        return canonical(sorted(details_of(details).items()))
    parts[::2] = hashed
    return '"'.join(parts)
