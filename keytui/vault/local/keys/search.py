"""The filter language as SQL: a domain Query becomes conditions, a Sort an order, over the keys' own rows.

What each flag means is said once in `keytui.domain.flags`; this is the same in SQL, and a property test holds the two
together.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, and_, case, cast, false, func, literal, not_, or_, tuple_
from sqlmodel import col

from keytui.domain.keys import Flag, KeyState
from keytui.domain.policy import Policies, Policy
from keytui.domain.query import Comparison, Facet, Place, Query, Sort, SortField, Term
from keytui.vault.local.columns import UtcTime
from keytui.vault.local.dialects import folded, folded_for_like, holds
from keytui.vault.local.tables import KeyRow

Condition = ColumnElement[bool]

_COLUMNS: Final = {
    SortField.NAME: col(KeyRow.name),
    SortField.ENVIRONMENT: col(KeyRow.environment),
    SortField.OWNER: col(KeyRow.owner),
    SortField.AGE: col(KeyRow.version_created_at),
    SortField.LAST_USED: col(KeyRow.last_used_at),
    SortField.EXPIRES: col(KeyRow.expires_at),
    SortField.CREATED: col(KeyRow.created_at),
}
_WORDS: Final = {
    Facet.ENVIRONMENT: col(KeyRow.environment),
    Facet.OWNER: col(KeyRow.owner),
    Facet.TENANT: col(KeyRow.tenant),
    Facet.ISSUER: col(KeyRow.issuer),
    Facet.KIND: col(KeyRow.kind),
}
_LITERAL: Final = re.compile("[%_/]")
"""What LIKE takes for more than itself."""
_SETS: Final = {Facet.SCOPE: col(KeyRow.scopes), Facet.APP: col(KeyRow.apps)}
_revoked: Final = col(KeyRow.revoked_at).is_not(None)


def conditions(query: Query, policies: Policies, now: datetime) -> list[Condition]:
    """All must hold. Revoked keys are left out unless the query asks for some itself."""
    found = [term_condition(term, policies, now) for term in query.terms]
    found = [not_(one) if term.negated else one for one, term in zip(found, query.terms, strict=True)]
    return found if query.asks_revoked else [not_(_revoked), *found]


def after(sort: Sort, place: Place) -> Condition:
    """Whether a key comes after that place in the order, whatever has become of the key that stood there.

    Said so that an index is read from the place on: PostgreSQL would read all before it for a mere OR of the columns.
    """
    column = _COLUMNS[sort.field]
    falling, ties_fall = _falling(sort), _ties_fall(sort)
    name, key_id = col(KeyRow.name), col(KeyRow.id)
    tied = or_(
        name < place.name if ties_fall else name > place.name,
        and_(name == place.name, key_id < place.id if ties_fall else key_id > place.id),
    )
    if place.value is None:
        unset_come_first = sort.field is SortField.EXPIRES if falling else sort.field is SortField.LAST_USED
        return or_(and_(column.is_(None), tied), column.is_not(None) if unset_come_first else false())
    if falling == ties_fall:
        here, there = tuple_(column, name, key_id), (place.value, place.name, place.id)
        beyond = here < there if falling else here > there
    else:
        not_before = column <= place.value if falling else column >= place.value
        beyond = and_(not_before, or_(column != place.value, tied))
    unset_come_last = sort.field is SortField.LAST_USED if falling else sort.field is SortField.EXPIRES
    return or_(beyond, column.is_(None)) if unset_come_last else beyond


def _falling(sort: Sort) -> bool:
    """An age grows as its date falls."""
    return sort.descending != (sort.field is SortField.AGE)


def _ties_fall(sort: Sort) -> bool:
    return sort.descending and sort.field in {SortField.NAME, SortField.ENVIRONMENT, SortField.OWNER}


def order(sort: Sort, *, backwards: bool = False) -> list[ColumnElement[Any]]:
    """By the field, then by name and id. No expiry is the latest of all, no use the earliest.

    Ties of words fall with them, so that one index serves both directions; ties of times are in alphabetical order.
    `backwards` is the whole order from its end.
    """
    column = _COLUMNS[sort.field]
    falling, ties_fall = _falling(sort) != backwards, _ties_fall(sort) != backwards
    first = column.desc() if falling else column.asc()
    if sort.field is SortField.EXPIRES:
        first = first.nulls_first() if falling else first.nulls_last()
    elif sort.field is SortField.LAST_USED:
        first = first.nulls_last() if falling else first.nulls_first()
    ties = [col(KeyRow.name), col(KeyRow.id)]
    return [first, *(column.desc() if ties_fall else column.asc() for column in ties)]


def unset_first(sort: Sort, *, backwards: bool = False) -> Condition | None:
    """Whether a key has nothing in the sort's field, where such keys come first in the order; else None."""
    falling = _falling(sort) != backwards
    first = falling if sort.field is SortField.EXPIRES else not falling and sort.field is SortField.LAST_USED
    return _COLUMNS[sort.field].is_(None) if first else None


def flag_condition(flag: Flag, policies: Policies, now: datetime) -> Condition:
    """Whether a key has the flag at `now`. A revoked key has none but that it stands otherwise at its issuer."""
    flagged = _FLAGS[flag](policies, now)
    return flagged if flag is Flag.DRIFTED else and_(not_(_revoked), flagged)


def state_condition(state: KeyState, now: datetime) -> Condition:
    """Whether a key is in the state at `now`: what is final comes before what is reversible."""
    expired = _expired(now)
    disabled = col(KeyRow.disabled_at).is_not(None)
    return {
        KeyState.REVOKED: _revoked,
        KeyState.EXPIRED: and_(not_(_revoked), expired),
        KeyState.DISABLED: and_(not_(_revoked), not_(expired), disabled),
        KeyState.ACTIVE: and_(not_(_revoked), not_(expired), not_(disabled)),
    }[state]


def term_condition(term: Term, policies: Policies, now: datetime) -> Condition:
    """Whether a key is as one term says, which may have to be negated."""
    if term.facet is Facet.TEXT:
        return _text(term.value)
    if term.facet in _WORDS:
        return folded_for_like(_WORDS[term.facet], term.value).like(_LITERAL.sub(r"/\g<0>", term.value), escape="/")
    if term.facet in _SETS:
        return _has_word(folded(cast(_SETS[term.facet], Text)), term.value)
    if term.facet is Facet.FLAG:
        return flag_condition(Flag(term.value), policies, now)
    if term.facet is Facet.STATE:
        return state_condition(KeyState(term.value), now)
    return _duration(term, now)


def _text(value: str) -> Condition:
    """The word in the name or the owner, or at the start of the prefix."""
    return or_(
        folded_for_like(col(KeyRow.name), value).contains(value, autoescape=True),
        folded_for_like(col(KeyRow.owner), value).contains(value, autoescape=True),
        folded_for_like(func.coalesce(col(KeyRow.prefix), ""), value).startswith(value, autoescape=True),
    )


def _duration(term: Term, now: datetime) -> Condition:
    """`unused:>30d` takes in what was never used; `expires:>14d` what never expires."""
    duration = term.duration or timedelta()
    over = term.comparison is Comparison.OVER
    if term.facet is Facet.EXPIRES:
        expires_at, limit = col(KeyRow.expires_at), now + duration
        later = or_(expires_at.is_(None), expires_at > limit)
        return later if over else and_(expires_at.is_not(None), expires_at < limit)
    if term.facet is Facet.UNUSED:
        used_at, limit = col(KeyRow.last_used_at), now - duration
        return or_(used_at.is_(None), used_at < limit) if over else and_(used_at.is_not(None), used_at > limit)
    since, limit = col(KeyRow.version_created_at), now - duration
    return since < limit if over else since > limit


def _expired(now: datetime) -> Condition:
    return and_(col(KeyRow.expires_at).is_not(None), col(KeyRow.expires_at) <= now)


def policy_line(policies: Policies, of: Callable[[Policy], datetime]) -> ColumnElement[datetime]:
    """The time that each environment's policy draws the line at."""
    default = literal(of(policies.default), UtcTime)
    if not policies.environments:
        return default
    lines = {name: literal(of(policy), UtcTime) for name, policy in policies.environments.items()}
    return case(lines, value=col(KeyRow.environment), else_=default)


def _expiring(policies: Policies, now: datetime) -> Condition:
    near = col(KeyRow.expires_at) < policy_line(policies, lambda policy: now + policy.expiring)
    return and_(col(KeyRow.expires_at).is_not(None), not_(_expired(now)), near)


def _due(policies: Policies, now: datetime) -> Condition:
    old = col(KeyRow.version_created_at) <= policy_line(policies, lambda policy: now - policy.rotation_interval)
    return and_(col(KeyRow.rotation_id).is_(None), old)


def _unused_since(policies: Policies, of: Callable[[Policy], datetime]) -> Condition:
    return and_(col(KeyRow.last_used_at).is_not(None), col(KeyRow.last_used_at) <= policy_line(policies, of))


def _stale(policies: Policies, now: datetime) -> Condition:
    return _unused_since(policies, lambda policy: now - policy.stale)


def _idle(policies: Policies, now: datetime) -> Condition:
    return and_(_unused_since(policies, lambda policy: now - policy.idle), not_(_stale(policies, now)))


def _broad(policies: Policies, now: datetime) -> Condition:
    named = [
        and_(col(KeyRow.environment) == name, _has_any_scope(policy.full_access_scopes))
        for name, policy in policies.environments.items()
    ]
    others = col(KeyRow.environment).not_in(list(policies.environments))
    return or_(*named, and_(others, _has_any_scope(policies.default.full_access_scopes)))


def _has_any_scope(scopes: frozenset[str]) -> Condition:
    column = cast(col(KeyRow.scopes), Text)
    return or_(false(), *(_has_word(column, scope) for scope in sorted(scopes)))


def _has_word(column: ColumnElement[str], word: str) -> Condition:
    """Case counts: LIKE would not see it, and a scope is compared as it is written."""
    return holds(column, f"\n{word}\n")


_FLAGS: Final[dict[Flag, Callable[[Policies, datetime], Condition]]] = {
    Flag.LEAKED: lambda policies, now: col(KeyRow.leaked).is_(True),
    Flag.DRIFTED: lambda policies, now: col(KeyRow.drifted).is_(True),
    Flag.EXPIRED: lambda policies, now: _expired(now),
    Flag.EXPIRING: _expiring,
    Flag.DUE: _due,
    Flag.ROTATING: lambda policies, now: col(KeyRow.rotation_id).is_not(None),
    Flag.WEAK: lambda policies, now: col(KeyRow.weak).is_(True),
    Flag.SHARED: lambda policies, now: col(KeyRow.shared).is_(True),
    Flag.BROAD: _broad,
    Flag.STALE: _stale,
    Flag.IDLE: _idle,
    Flag.NEVER_USED: lambda policies, now: col(KeyRow.last_used_at).is_(None),
    Flag.UNOWNED: lambda policies, now: col(KeyRow.owner) == "",
}
