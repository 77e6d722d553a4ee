"""What the vault has already of what new keys want to have: their values and their names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sqlalchemy import select as columns_of
from sqlmodel import Session, col, select

from keytui.domain.keys import BUILTIN
from keytui.vault.local.keys.fit_keys import FitKey
from keytui.vault.local.tables import KeyRow, VersionRow

_ASKED_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Holder:
    """The key that has a value."""

    name: str
    tenant: str
    environment: str
    apps: tuple[str, ...]

    def is_met_elsewhere(self, one: FitKey) -> bool:
        """Whether the value was found where its key is not known to be used."""
        draft = one.draft
        same_place = (draft.tenant, draft.environment) == (self.tenant, self.environment)
        return not same_place or not set(draft.apps) <= set(self.apps)

    def is_named_as(self, one: FitKey) -> bool:
        """Whether it is the very key that is to be added."""
        return (one.draft.tenant, one.draft.environment, one.name) == (self.tenant, self.environment, self.name)


Name = tuple[str, str, str]
"""Tenant, environment and name: unique among the keys of one issuer."""


def name_of(one: FitKey) -> Name:
    return one.draft.tenant, one.draft.environment, one.name


def holders(session: Session, keys: Sequence[FitKey]) -> dict[str, Holder]:
    """By digest. Revoked ones and those of other tenants too: what was ended does not come back by import."""
    found: dict[str, Holder] = {}
    those = (
        columns_of(
            col(VersionRow.digest), col(KeyRow.name), col(KeyRow.tenant), col(KeyRow.environment), col(KeyRow.apps)
        )
        .join(KeyRow, col(KeyRow.id) == VersionRow.key_id)
        .where(col(VersionRow.sealed).is_(None))
    )
    whole = session.connection()  # on which no tenant's conditions lie
    for part in _parts({one.digest for one in keys}):
        for digest, name, tenant, environment, apps in whole.execute(those.where(col(VersionRow.digest).in_(part))):
            found[digest] = Holder(name, tenant, environment, apps)
    return found


def taken_names(session: Session, keys: Sequence[FitKey]) -> set[Name]:
    """Those of the keys' names that keys of the vault have."""
    wanted: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in keys:
        wanted[one.draft.tenant, one.draft.environment].add(one.name)
    taken: set[Name] = set()
    for (tenant, environment), names in wanted.items():
        here = select(KeyRow.name).where(
            KeyRow.tenant == tenant, KeyRow.environment == environment, KeyRow.issuer == BUILTIN
        )
        for part in _parts(names):
            taken |= {(tenant, environment, name) for name in session.exec(here.where(col(KeyRow.name).in_(part)))}
    return taken


def _parts(values: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(sorted(values))
    while part := list(islice(remaining, _ASKED_AT_ONCE)):
        yield part
