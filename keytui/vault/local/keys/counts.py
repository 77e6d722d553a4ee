"""How many keys there are, without counting them: a page of a million would spend nearly all of its time on that."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, not_
from sqlmodel import Session, col, func, select

from keytui.domain.query import Facet, Query, Term
from keytui.vault.local.dialects import folded
from keytui.vault.local.tables import KeyCountRow, KeyRow

_COUNTED_BY: Final = {Facet.ENVIRONMENT: col(KeyCountRow.environment), Facet.TENANT: col(KeyCountRow.tenant)}


def count_created(session: Session, key: KeyRow, how_many: int = 1) -> None:
    """One more, or several that belong where this one does, in the transaction that makes them."""
    count_more(session, key.tenant, key.environment, how_many)


def count_more(session: Session, tenant: str, environment: str, how_many: int) -> None:
    """So many more in a tenant's environment, in the transaction that makes them."""
    _row(session, tenant, environment).living += how_many


def count_revoked(session: Session, key: KeyRow) -> None:
    """One less, in the transaction that ends it. Lists leave it out from now on."""
    _row(session, key.tenant, key.environment).living -= 1


def counted(session: Session, query: Query) -> int | None:
    """How many keys match; None for a query that asks for more than where they belong: those have to be counted."""
    if any(term.facet not in _COUNTED_BY for term in query.terms):
        return None
    total = select(func.coalesce(func.sum(KeyCountRow.living), 0)).where(*(_belongs(term) for term in query.terms))
    return session.exec(total).one()


def _belongs(term: Term) -> ColumnElement[bool]:
    same = folded(_COUNTED_BY[term.facet]) == term.value
    return not_(same) if term.negated else same


def _row(session: Session, tenant: str, environment: str) -> KeyCountRow:
    row = session.get(KeyCountRow, (tenant, environment))
    if row is None:
        row = KeyCountRow(tenant=tenant, environment=environment)
        session.add(row)
    return row
