"""Operators and services: who holds a token for a team's vault."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from keytui.domain.access import Operation, Role


@dataclass(frozen=True, slots=True)
class OperatorDraft:
    """An operator or service that does not exist yet. Name is unique among the living."""

    name: str
    role: Role
    tenant: str | None = None
    """None is every tenant, which the roles bound to one cannot have."""
    scopes: frozenset[Operation] = frozenset()
    """Of a service only."""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody with a token. The vault keeps its digest only."""

    id: str
    name: str
    role: Role
    tenant: str | None
    scopes: frozenset[Operation]
    prefix: str
    """The token's first 12 characters."""
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def valid(self, now: datetime) -> bool:
        """Whether the token opens anything now."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def person(actor: str) -> str:
    """Who stands behind an actor, an operator's name or an owner: what comes before the first `@`.

    `ada@10.0.0.7`, and the second token `ada@laptop`, are both `ada`. Where two people differ only behind the `@`,
    they count as one: that refuses an approval too many, never one too few.
    """
    return actor.partition("@")[0]
