"""Pages of the key list: which way to the rows is the shortest, from what the query asks for and how much it finds.

Every way ends in the same conditions and the same order. An order's own index is walked from whichever end is nearer.
Of words in SQLite, few keys are found by their parts and sorted; many stand close together in any order, so that the
first keys of it are looked through before all are found and sorted. What is looked up one by one costs most where the
disk has to find it: an order's index is small, and is read before keys are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from sqlalchemy import ColumnElement, Subquery, TextClause, literal_column
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from keytui.domain.query import Place, Query, Sort, SortField
from keytui.vault.local.dialects import POSTGRESQL
from keytui.vault.local.keys.counts import counted
from keytui.vault.local.keys.search import Condition, after, order, unset_first
from keytui.vault.local.keys.word_index import BEYOND
from keytui.vault.local.keys.words import DENSE, FEW, Words, all_without, finds_quickly, words_of
from keytui.vault.local.tables import KeyRow
from keytui.vault.local.usage.buckets import one_of

_NEAR: Final = 5_000
"""Keys at the beginning of an order that are looked through at once: a hundredth of a second."""
_HELD: Final = 50_000
"""The same of an order's index, when the keys themselves need not be read."""
_SPARSE: Final = 8
"""Walking an order's index looks keys up one by one, which takes so many times as long as reading them as they lie."""
_SOON: Final = 500
"""Rows from the beginning of a list that are found without knowing where its end is."""
_MANY: Final = 300_000
"""Keys from which on looking each up is slower than reading all that there are."""
_LIVING: Final = col(KeyRow.revoked_at).is_(None)
_ROWID: Final[ColumnElement[int]] = literal_column("keys.rowid")
_IN_ITS_ORDER: Final[ColumnElement[int]] = literal_column("+first.rowid")
"""The sign keeps SQLite from turning the join round: it makes no index of what is computed, and goes by the order."""
_BY_WORD: Final = {SortField.NAME: col(KeyRow.name), SortField.OWNER: col(KeyRow.owner)}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the list: `limit` rows from `offset`, or those behind a place."""

    sort: Sort
    offset: int
    limit: int
    place: Place | None = None


class Matching:
    """The keys that a query finds, as a session sees them; `conditions` are the query's."""

    def __init__(self, session: Session, query: Query, conditions: Sequence[Condition]) -> None:
        self._session = session
        self._query = query
        self._conditions = conditions

    def rows(self, part: Part) -> tuple[Sequence[KeyRow], int | None]:
        """The rows of a part, and how many keys match where that is known without counting them."""
        rows, total = self._rows(part)
        if total is None and part.place is None and len(rows) < part.limit and (rows or not part.offset):
            total = part.offset + len(rows)
        return rows, total

    def total(self) -> int:
        """How many keys match."""
        if self._counted is not None:
            return self._counted
        if self._words is not None and self._words.alone:
            return self._words.found
        without = all_without(self._session, self._query)
        return self._counted_anew() if without is None else without

    def _rows(self, part: Part) -> tuple[Sequence[KeyRow], int | None]:
        if self._counted is not None:
            return self._walked(part, self._counted), self._counted
        near = None if self._finds_quickly else self._near(part)
        if near is not None:
            return near, None
        if self._words is not None:
            return self._found(self._words, part), self._words.found if self._words.alone else None
        total = self.total()
        if total > (part.offset + part.limit) * _SPARSE:
            return self._walked(part, total), total
        return self._scattered(part) if total else (), total

    @cached_property
    def _finds_quickly(self) -> bool:
        return finds_quickly(self._session, self._query)

    @cached_property
    def _counted(self) -> int | None:
        return counted(self._session, self._query)

    @cached_property
    def _words(self) -> Words | None:
        return words_of(self._session, self._query)

    def _counted_anew(self) -> int:
        counting = select(func.count()).select_from(KeyRow).where(*self._conditions)
        if self._words is not None and self._words.found <= _MANY:
            counting = counting.where(self._words.holding("keys.rowid"))
        return self._session.exec(counting).one()

    def _found(self, words: Words, part: Part) -> Sequence[KeyRow]:
        if not words.found:
            return ()
        rows = self._together(words, part)
        if rows is None and words.found > DENSE and self._finds_quickly:
            rows = self._near(part)
        if rows is None and words.found > FEW and words.alone:
            rows = self._held(words, part)
        return self._sorted(part, words.holding("keys.rowid")) if rows is None else rows

    def _walked(self, part: Part, total: int | None, *also: Condition) -> Sequence[KeyRow]:
        return _walked(self._session, [*self._conditions, *also], part, total)

    def _sorted(self, part: Part, *also: Condition | TextClause) -> Sequence[KeyRow]:
        """All that match are looked up, and put in order."""
        return self._session.exec(_cut(select(KeyRow).where(*self._conditions, *also), part)).all()

    def _scattered(self, part: Part) -> Sequence[KeyRow]:
        """Few of all keys: found where they lie, and then sorted. SQLite by itself would look through the order."""
        if self._on_postgresql:
            return self._sorted(part)
        return self._sorted(
            part, _ROWID.in_(select(_ROWID).select_from(KeyRow).where(*self._conditions).correlate(None))
        )

    @property
    def _on_postgresql(self) -> bool:
        return self._session.get_bind().dialect.name == POSTGRESQL

    def _near(self, part: Part) -> Sequence[KeyRow] | None:
        """The rows, when enough of the keys at the beginning of the order match; None when that is not so.

        PostgreSQL is asked for them as they are, which it finds its own way to. SQLite takes key by key in the order,
        and looks no further than it has to.
        """
        if part.place is not None or part.offset + part.limit > _SOON:
            return None
        if self._on_postgresql:
            return self._walked(part, None)
        first = self._first(_NEAR, part.sort)
        near = select(KeyRow.id).select_from(first).join(KeyRow, _ROWID == _IN_ITS_ORDER).where(*self._conditions)
        ids = self._session.exec(near.offset(part.offset).limit(part.limit)).all()
        return _of(self._session, ids, part.sort) if len(ids) == part.limit else None

    def _held(self, words: Words, part: Part) -> Sequence[KeyRow] | None:
        """The same for words that ask for nothing else, from the order's nearer end: its index alone is read, and each
        key of it held against all that the words find.
        """
        limit = min(part.limit, words.found - part.offset)
        if part.place is not None or limit <= 0:
            return None
        backwards = part.offset > words.found // 2
        first = self._first(_HELD, part.sort, backwards=backwards)
        held = select(first.c.id).where(words.holding("first.rowid"))
        skipped = words.found - part.offset - limit if backwards else part.offset
        ids = self._session.exec(held.offset(skipped).limit(limit)).all()
        return _of(self._session, ids, part.sort) if len(ids) == limit else None

    def _first(self, many: int, sort: Sort, *, backwards: bool = False) -> Subquery:
        """So many keys from the beginning of the order, or from its end."""
        all_there_are = select(KeyRow.id, _ROWID.label("rowid")).select_from(KeyRow)
        first = all_there_are if self._query.asks_revoked else all_there_are.where(_LIVING)
        return first.order_by(*order(sort, backwards=backwards)).limit(many).subquery("first")

    def _together(self, words: Words, part: Part) -> Sequence[KeyRow] | None:
        """The rows, when all that is found begins with the word in what is sorted by: it stands together in that index.

        Whatever begins so is found, so that as many are the same.
        """
        column = _BY_WORD.get(part.sort.field)
        if column is None or not words.only or part.place is not None:
            return None
        here = [_LIVING, column >= words.only, column < words.only + BEYOND]
        if self._session.exec(select(func.count()).select_from(KeyRow).where(*here)).one() != words.found:
            return None
        return self._walked(part, words.found if words.alone else None, *here)


def _walked(session: Session, matching: Sequence[Condition], part: Part, total: int | None) -> Sequence[KeyRow]:
    """By the order's index, from the end that is nearer, where that is known; ids first, which it has, because rows may
    be skipped.
    """
    if part.place is not None:
        return session.exec(_cut(select(KeyRow).where(*matching), part)).all()
    limit = part.limit if total is None else max(min(part.limit, total - part.offset), 0)
    backwards = total is not None and part.offset > total // 2
    skipped = total - part.offset - limit if total is not None and backwards else part.offset
    ids = select(KeyRow.id).order_by(*order(part.sort, backwards=backwards)).offset(skipped).limit(limit)
    wanted = _unset(session, ids, matching, part.sort, backwards=backwards, limit=limit)
    if wanted is None:
        wanted = session.exec(ids.where(*matching)).all()
    return _of(session, wanted, part.sort)


def _of(session: Session, ids: Sequence[str], sort: Sort) -> Sequence[KeyRow]:
    """The rows of some ids."""
    return session.exec(select(KeyRow).where(one_of(KeyRow.id, ids)).order_by(*order(sort))).all()


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
