"""Pages of the key list: which way to the rows is the shortest, from what the query asks for and how much it finds.

Every way ends in the same conditions and the same order. An order's own index is walked from whichever end is nearer.
Of words in SQLite, few keys are found by their parts and sorted; many stand close together in any order, so that the
first keys of it are looked through before all are found and sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, literal_column
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from keytui.domain.query import Place, Query, Sort
from keytui.vault.local.keys.counts import counted
from keytui.vault.local.keys.search import Condition, after, order, unset_first
from keytui.vault.local.keys.words import FEW, Words, only_short, words_of
from keytui.vault.local.tables import KeyRow
from keytui.vault.local.usage.buckets import one_of

_NEAR: Final = 5_000
"""Keys at the beginning of an order that are looked through at once: a hundredth of a second."""
_MANY: Final = 300_000
"""Keys from which on looking each up is slower than reading all that there are."""
_ROWID: Final[ColumnElement[int]] = literal_column("keys.rowid")
_NO_INDEX: Final = "NOT INDEXED"
"""SQLite would walk the order's index and look each key up among those that were found; this makes it sort them."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the list: `limit` rows from `offset`, or those behind a place."""

    sort: Sort
    offset: int
    limit: int
    place: Place | None = None


def page_of(session: Session, query: Query, matching: Sequence[Condition], part: Part) -> tuple[Sequence[KeyRow], int]:
    """The rows of a part, and how many keys match; `matching` are the query's conditions."""
    total = counted(session, query)
    if total is not None:
        return _walked(session, matching, part, total), total
    near = _near(session, matching, part) if only_short(session, query) else None
    words = words_of(session, query)
    total = _total(session, matching, words)
    if near is not None:
        return near, total
    if words is None:
        return _walked(session, matching, part, total), total
    return _found(session, matching, words, part), total


def _total(session: Session, matching: Sequence[Condition], words: Words | None) -> int:
    if words is not None and words.alone:
        return words.found
    counting = select(func.count()).select_from(KeyRow).where(*matching)
    if words is not None and words.found <= _MANY:
        counting = counting.where(words.condition).with_hint(KeyRow, _NO_INDEX, "sqlite")
    return session.exec(counting).one()


def _found(session: Session, matching: Sequence[Condition], words: Words, part: Part) -> Sequence[KeyRow]:
    if not words.found:
        return ()
    if words.found > FEW and (near := _near(session, matching, part)) is not None:
        return near
    found = select(KeyRow).where(*matching, words.condition).with_hint(KeyRow, _NO_INDEX, "sqlite")
    return session.exec(_cut(found, part)).all()


def _near(session: Session, matching: Sequence[Condition], part: Part) -> Sequence[KeyRow] | None:
    """The rows, when enough of the keys at the beginning of the order match; None when that is not so."""
    if part.place is not None or part.offset + part.limit > _NEAR // 10:
        return None
    first = select(_ROWID).select_from(KeyRow).where(col(KeyRow.revoked_at).is_(None))
    nearest = first.order_by(*order(part.sort)).limit(_NEAR).correlate(None).scalar_subquery()
    looked = select(KeyRow).where(_ROWID.in_(nearest), *matching)
    rows = session.exec(_cut(looked.with_hint(KeyRow, _NO_INDEX, "sqlite"), part)).all()
    return rows if len(rows) == part.limit else None


def _walked(session: Session, matching: Sequence[Condition], part: Part, total: int) -> Sequence[KeyRow]:
    """By the order's index, from the end that is nearer; ids first, which it has, because rows may be skipped."""
    if part.place is not None:
        return session.exec(_cut(select(KeyRow).where(*matching), part)).all()
    limit = max(min(part.limit, total - part.offset), 0)
    backwards = part.offset > total // 2
    skipped = total - part.offset - limit if backwards else part.offset
    ids = select(KeyRow.id).order_by(*order(part.sort, backwards=backwards)).offset(skipped).limit(limit)
    wanted = _unset(session, ids, matching, part.sort, backwards=backwards, limit=limit)
    if wanted is None:
        wanted = session.exec(ids.where(*matching)).all()
    return session.exec(select(KeyRow).where(one_of(KeyRow.id, wanted)).order_by(*order(part.sort))).all()


def _unset(
    session: Session,
    ids: SelectOfScalar[str],
    matching: Sequence[Condition],
    sort: Sort,
    *,
    backwards: bool,
    limit: int,
) -> Sequence[str] | None:
    """The ids, where all of them are of keys without the sort's field: asked for alone, they are in the index's order.

    Among all others SQLite would sort them anew.
    """
    unset = unset_first(sort, backwards=backwards)
    found = [] if unset is None else session.exec(ids.where(*matching, unset)).all()
    return found if len(found) == limit else None


def _cut(listed: SelectOfScalar[KeyRow], part: Part) -> SelectOfScalar[KeyRow]:
    """In the part's order, and its rows alone."""
    if part.place is not None:
        listed = listed.where(after(part.sort, part.place))
    return listed.order_by(*order(part.sort)).offset(part.offset).limit(part.limit)
