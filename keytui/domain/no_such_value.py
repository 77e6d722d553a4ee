"""A filter that names a value which no key has finds nothing, or leaves nothing out: it is said, with what is near."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from keytui.domain.near import nearest
from keytui.domain.query import Facet, Query, Term, written
from keytui.domain.text import harmless

OPEN: Final = (Facet.ENVIRONMENT, Facet.OWNER, Facet.TENANT, Facet.ISSUER, Facet.SCOPE, Facet.APP)
"""Facets that take any word."""
_FEW: Final = 5
"""Values that are all named where none is near."""


@dataclass(frozen=True, slots=True)
class NoSuchValue:
    """A value that a query names and that no key has."""

    facet: Facet
    value: str
    """In lower case, as queries compare it."""
    near: tuple[str, ...] = ()
    """What may have been meant, the nearest first."""
    known: tuple[str, ...] = ()
    """All that there are, where those are few and none is near."""

    def in_words(self) -> str:
        """`no key has env:prod; did you mean env:production?`, without anything that a terminal would act on."""
        about = f"no key has {_term(self.facet, self.value)}"
        if self.near:
            return f"{about}; did you mean {self._listed(self.near, ' or ')}?"
        return f"{about}; keys have {self._listed(self.known, ', ')}" if self.known else about

    def _listed(self, values: tuple[str, ...], between: str) -> str:
        return between.join(_term(self.facet, value) for value in values)


def no_such_value(term: Term, known: Iterable[str]) -> NoSuchValue | None:
    """What is to be said of a term of an open facet, of which keys have the `known` values; None where they have it."""
    values = [value for value in known if value]
    if term.value in {value.lower() for value in values}:
        return None
    near = nearest(term.value, values)
    return NoSuchValue(term.facet, term.value, near, () if near or len(values) > _FEW else tuple(values))


def open_terms(query: Query) -> tuple[Term, ...]:
    """The terms of a query whose values are whatever keys have."""
    return tuple(term for term in query.terms if term.facet in OPEN)


def may_mislead(query: Query, found: int) -> bool:
    """Whether a value that no key has would explain what was found, or leaves nothing out although it should."""
    return any(term.negated or not found for term in open_terms(query))


def _term(facet: Facet, value: str) -> str:
    return harmless(written(Query((Term(facet, value),))))
