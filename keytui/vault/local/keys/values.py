"""What keys have in the fields that a filter asks for by any word: each value once, without reading a million keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import SQLColumnExpression
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from keytui.domain.no_such_value import NoSuchValue, no_such_value, open_terms
from keytui.domain.policy import Policies
from keytui.domain.query import Facet, Query
from keytui.vault.local.access.tenancy import is_bound
from keytui.vault.local.keys.counts import counted
from keytui.vault.local.keys.search import Condition, term_condition
from keytui.vault.local.tables import KeyCountRow, KeyRow

_MOST: Final = 500
"""Values that are looked at: what is near is found among so many in some hundredths of a second."""
_READ: Final = 30_000
"""Keys of which all are read where no index has the values, in some hundredths of a second."""
_PLACES: Final = 50
"""Environments of tenants that are looked through one by one."""
_INDEXED: Final = {
    Facet.ENVIRONMENT: col(KeyRow.environment),
    Facet.OWNER: col(KeyRow.owner),
    Facet.TENANT: col(KeyRow.tenant),
}
_SETS: Final = {Facet.SCOPE: col(KeyRow.scopes), Facet.APP: col(KeyRow.apps)}


def no_such_values(session: Session, query: Query, policies: Policies, now: datetime) -> Iterator[NoSuchValue]:
    """The values of a query's open facets that no key has which it looks at; none that cannot be told quickly."""
    looked_at = () if query.asks_revoked else (col(KeyRow.revoked_at).is_(None),)
    for term in open_terms(query):
        known = _known(session, term.facet, looked_at)
        found = None if known is None else no_such_value(term, known)
        if known is None or found is None:
            continue
        if len(known) < _MOST or not _is_there(session, [*looked_at, term_condition(term, policies, now)]):
            yield found


def _known(session: Session, facet: Facet, looked_at: Sequence[Condition]) -> Sequence[str] | None:
    """The first values of a facet; None where every one of many keys would have to be read for them."""
    if facet in _INDEXED and not is_bound(session):
        return _leapt(session, _INDEXED[facet], looked_at)
    if facet is Facet.ISSUER:
        return _issuers(session, looked_at)
    if (counted(session, Query()) or 0) > _READ:
        return None
    if facet in _SETS:
        sets = session.exec(select(_SETS[facet]).where(*looked_at).distinct()).all()
        return list(dict.fromkeys(word for words in sets for word in words))[:_MOST]
    column = _INDEXED[facet]
    return session.exec(select(column).where(*looked_at).distinct().order_by(column).limit(_MOST)).all()


def _issuers(session: Session, looked_at: Sequence[Condition]) -> Sequence[str] | None:
    """By the index of names, which has them within each environment of each tenant. None where those are many."""
    places = session.exec(select(KeyCountRow.tenant, KeyCountRow.environment).limit(_PLACES + 1)).all()
    if len(places) > _PLACES:
        return None
    found: dict[str, None] = {}
    for tenant, environment in places:
        here = (col(KeyRow.tenant) == tenant, col(KeyRow.environment) == environment, *looked_at)
        found |= dict.fromkeys(_leapt(session, col(KeyRow.issuer), here))
    return list(found)[:_MOST]


def _leapt(session: Session, column: SQLColumnExpression[str], looked_at: Sequence[Condition]) -> Sequence[str]:
    """From one value to the next by the column's index, past all the keys that share it."""
    leap = select(func.min(column).label("value")).where(*looked_at).cte("leap", recursive=True)
    beyond = select(func.min(column)).where(*looked_at, column > leap.c.value).correlate(leap).scalar_subquery()
    leap = leap.union_all(select_columns(beyond).where(leap.c.value.is_not(None)))
    found = session.connection().execute(select_columns(leap.c.value).limit(_MOST)).scalars()
    return [value for value in found if value is not None]


def _is_there(session: Session, these: Sequence[Condition]) -> bool:
    return session.exec(select(KeyRow.id).where(*these).limit(1)).first() is not None
