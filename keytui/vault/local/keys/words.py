"""How the words of a query are found: by the index of their parts, where the vault is in SQLite."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, TextClause, text
from sqlmodel import Session

from keytui.domain.query import Facet, Query
from keytui.vault.local.access.tenancy import is_bound
from keytui.vault.local.dialects import POSTGRESQL
from keytui.vault.local.keys.counts import counted
from keytui.vault.local.keys.word_index import BEYOND, LONG, all_of, match_of, matching

FEW: Final = 5_000
"""Keys that are looked up and sorted in a hundredth of a second, or in a tenth where the disk has to find each."""
DENSE: Final = 50_000
"""Keys of which many stand at the beginning of any order, in a vault of a million."""
_FOUND: Final = "SELECT rowid FROM key_words WHERE key_words MATCH :match"
_BEGUN: Final = (
    "SELECT other.rowid FROM keys AS other WHERE other.prefix COLLATE NOCASE >= :prefix"
    " AND other.prefix COLLATE NOCASE < :beyond AND other.revoked_at IS NULL"
)
_ALL_BEGUN: Final = text(f"SELECT count(*) FROM ({_BEGUN})")  # noqa: S608  # our own words
_BOTH: Final = text(f"SELECT count(*) FROM ({_FOUND} INTERSECT {_BEGUN})")  # noqa: S608  # our own words


@dataclass(frozen=True, slots=True)
class Words:
    """What finds every living key that the query's words allow. `match` is for the index; keys whose prefix begins with
    `prefix` are found too, unless it is "".
    """

    match: str
    found: int
    """How many living keys it finds; of all tenants."""
    prefix: str = ""
    alone: bool = False
    """Whether the query asks for nothing else: what is found is what matches."""
    only: str = ""
    """The word, where it is the only one."""

    def holding(self, rowid: str) -> TextClause:
        """Whether a key's row, as the statement names it, is among them."""
        if not self.prefix:
            return text(f"{rowid} IN ({_FOUND})").bindparams(match=self.match)
        begun = {"prefix": self.prefix, "beyond": self.prefix + BEYOND}
        if not self.match:
            return text(f"{rowid} IN ({_BEGUN})").bindparams(**begun)
        return text(f"{rowid} IN ({_FOUND} UNION ALL {_BEGUN})").bindparams(match=self.match, **begun)


def words_of(session: Session, query: Query) -> Words | None:
    """The index's way to find the query's words; None where it knows none.

    It has living keys only, and folds ASCII as LIKE does; what else is written in capitals, it may fold otherwise.
    """
    known = _known(session, query)
    if not known:
        return None
    connection = session.connection()
    begun = {value: _begun(connection, value) for value in known}
    alone = len(known) == len(query.terms) and not is_bound(session)
    plain = [value for value in known if not begun[value]]
    if not plain:
        rarest = min(known, key=begun.__getitem__)
        return _either(connection, rarest, begun[rarest], alone=alone and len(known) == 1)
    longest = max(map(len, plain))
    used = [value for value in plain if len(value) >= min(longest, LONG)]
    match = all_of([match_of(connection, value) for value in used])
    only = used[0] if len(known) == 1 else ""
    return Words(match, matching(connection, match), alone=alone and len(used) == len(known), only=only)


def all_without(session: Session, query: Query) -> int | None:
    """How many keys match a query that is one word which they must not have; None for any other."""
    if len(query.terms) != 1 or not query.terms[0].negated:
        return None
    words = words_of(session, Query((replace(query.terms[0], negated=False),)))
    everything = counted(session, Query())
    return everything - words.found if words is not None and words.alone and everything is not None else None


def finds_quickly(session: Session, query: Query) -> bool:
    """Whether the index knows a word that is long enough for it to tell cheaply how many keys have it."""
    return any(len(value) >= LONG for value in _known(session, query))


def _known(session: Session, query: Query) -> list[str]:
    if query.asks_revoked or session.get_bind().dialect.name == POSTGRESQL:
        return []
    values = [term.value for term in query.terms if term.facet is Facet.TEXT and not term.negated]
    return [value for value in values if value and value.isascii()]


def _begun(connection: Connection, value: str) -> int:
    """How many living keys have a prefix that begins so."""
    return int(connection.execute(_ALL_BEGUN, {"prefix": value, "beyond": value + BEYOND}).scalar_one())


def _either(connection: Connection, value: str, begun: int, *, alone: bool) -> Words:
    """A word that is the beginning of some prefixes, and perhaps a part of names."""
    match = match_of(connection, value)
    named = matching(connection, match)
    both = 0
    if named and alone:
        given = {"match": match, "prefix": value, "beyond": value + BEYOND}
        both = connection.execute(_BOTH, given).scalar_one()
    return Words(match, named + begun - both, value, alone)
