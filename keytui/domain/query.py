"""The filter language: words match name, prefix and owner; `facet:value` narrows; a leading `-` negates.

    env:production owner:payments flag:stale unused:>30d expires:<14d -env:development checkout

Parsing never fails on half-typed input in the console: `parse(text)` raises Invalid with the word at fault, and the
console keeps the rows of the last query that parsed.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from keytui.domain.durations import parse_duration
from keytui.domain.errors import Invalid
from keytui.domain.keys import Flag, KeyState, KeySummary, Kind
from keytui.domain.near import meant


class Facet(StrEnum):
    """What a term is about."""

    TEXT = "text"
    ENVIRONMENT = "env"
    OWNER = "owner"
    TENANT = "tenant"
    ISSUER = "issuer"
    KIND = "kind"
    SCOPE = "scope"
    APP = "app"
    FLAG = "flag"
    STATE = "state"
    UNUSED = "unused"
    EXPIRES = "expires"
    AGE = "age"


class Comparison(StrEnum):
    """How a duration facet compares."""

    OVER = ">"
    UNDER = "<"


DURATIONS: Final = frozenset({Facet.UNUSED, Facet.EXPIRES, Facet.AGE})
_CLOSED_VALUES: Final[dict[Facet, tuple[str, ...]]] = {
    Facet.FLAG: tuple(Flag),
    Facet.STATE: tuple(KeyState),
    Facet.KIND: tuple(Kind),
}
_ALIASES: Final = {"environment": Facet.ENVIRONMENT, "name": Facet.TEXT}


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. `value` is lower case; `duration` and `comparison` are set for duration facets only."""

    facet: Facet
    value: str
    negated: bool = False
    comparison: Comparison | None = None
    duration: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """Terms that must all hold. Revoked keys are left out unless `state:` or `flag:drifted` asks for them."""

    terms: tuple[Term, ...] = ()

    @property
    def asks_revoked(self) -> bool:
        """Whether the query says itself if it wants revoked keys: by states, or by what may let one in elsewhere."""
        return any(
            term.facet is Facet.STATE or (term.facet is Facet.FLAG and term.value == Flag.DRIFTED and not term.negated)
            for term in self.terms
        )


class SortField(StrEnum):
    """What keys can be ordered by; ties are broken by name, then id."""

    NAME = "name"
    ENVIRONMENT = "env"
    OWNER = "owner"
    AGE = "age"
    LAST_USED = "last-used"
    EXPIRES = "expires"
    CREATED = "created"


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of keys. `last-used` ascending puts never-used keys first; `expires` ascending puts none last."""

    field: SortField = SortField.NAME
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands in an order: what it has in the sort's field, and what breaks ties."""

    value: str | datetime | None
    name: str
    id: str


def place_of(row: KeySummary, sort: Sort) -> Place:
    """Where a row of the key list stands."""
    key = row.key
    values: dict[SortField, str | datetime | None] = {
        SortField.NAME: key.name,
        SortField.ENVIRONMENT: key.environment,
        SortField.OWNER: key.owner,
        SortField.AGE: row.age_from,
        SortField.LAST_USED: row.last_used_at,
        SortField.EXPIRES: key.expires_at,
        SortField.CREATED: key.created_at,
    }
    return Place(values[sort.field], key.name, key.id)


def parse(text: str) -> Query:
    """The query that `text` says; Invalid names the word at fault and what would do."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise Invalid(f"the filter {text!r} ends inside a quote or after a backslash", "close or remove it") from error
    return Query(tuple(_term(word) for word in words))


def values_of(facet: str) -> tuple[str, ...]:
    """The words that a facet takes, where they are few; none for any other."""
    return next((values for each, values in _CLOSED_VALUES.items() if each == facet), ())


def parse_sort(text: str) -> Sort:
    """A sort field, with a leading `-` for descending."""
    name = text.removeprefix("-")
    if name not in tuple(SortField):
        raise Invalid(f"cannot sort by {name!r}", "sort by " + ", ".join(SortField))
    return Sort(SortField(name), descending=text.startswith("-"))


def written(query: Query) -> str:
    """A text that says this query."""
    return " ".join(shlex.quote(_word(term)) for term in query.terms)


def _word(term: Term) -> str:
    sign = "-" if term.negated else ""
    if term.facet is not Facet.TEXT:
        return f"{sign}{term.facet}:{term.value}"
    plain = ":" not in term.value and not term.value.startswith("-")
    return f"{sign}{term.value}" if plain else f"{sign}name:{term.value}"


def _term(word: str) -> Term:
    negated = word.startswith("-") and len(word) > 1
    body = word[1:] if negated else word
    written, colon, value = body.partition(":")
    name = written.lower()
    facet = _ALIASES.get(name) or next((f for f in Facet if f == name and f is not Facet.TEXT), None)
    if not colon or facet is None:
        return _unknown_facet(name, word) if colon and name.isalpha() else Term(Facet.TEXT, body.lower(), negated)
    if not value:
        raise Invalid(f"{word!r} has nothing after the colon", _example(facet, name))
    if facet in DURATIONS:
        return _duration_term(facet, value.lower(), negated)
    known = _CLOSED_VALUES.get(facet)
    if known is not None and value.lower() not in known:
        raise Invalid(f"no {facet} is called {value!r}", _other_way(facet, value.lower(), known))
    return Term(facet, value.lower(), negated)


def _other_way(facet: Facet, value: str, known: tuple[str, ...]) -> str:
    """The facet that takes this word, as `state:` takes what stands among the flags of a list; else what would do."""
    elsewhere = [f"{each}:{value}" for each, values in _CLOSED_VALUES.items() if value in values]
    if elsewhere:
        return "that is " + " or ".join(elsewhere)
    return f"{meant(value, known)}{facet} is one of " + ", ".join(known)


def _unknown_facet(name: str, word: str) -> Term:
    facets = ", ".join(f"{facet}:" for facet in Facet if facet is not Facet.TEXT)
    raise Invalid(f"{name!r} in {word!r} is nothing to filter by", f"use {facets} or plain words")


def _duration_term(facet: Facet, value: str, negated: bool) -> Term:
    if value[0] not in tuple(Comparison):
        raise Invalid(f"{facet}:{value} needs > or <", _example(facet, facet))
    return Term(facet, value, negated, Comparison(value[0]), parse_duration(value[1:]))


def _example(facet: Facet, name: str) -> str:
    if facet in DURATIONS:
        return f"as in {name}:>30d or {name}:<14d"
    return f"as in {name}:" + (_CLOSED_VALUES.get(facet) or ("production",))[0]
