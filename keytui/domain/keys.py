"""Keys and their versions: the identity that survives rotations, and the secret values that come and go under it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from keytui.domain.drift import Drift
from keytui.domain.errors import Invalid

BUILTIN: Final = "builtin"
"""The issuer that is keytui's own verifier."""
_ENVIRONMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class Kind(StrEnum):
    """What sort of credential a key is."""

    API_KEY = "api-key"
    CONNECTION_STRING = "connection-string"
    TOKEN = "token"  # noqa: S105  # the word for it, not one


class VersionState(StrEnum):
    """Where one secret value stands; only ACTIVE and OUTGOING are accepted, REVOKED is final."""

    ACTIVE = "active"
    OUTGOING = "outgoing"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class KeyState(StrEnum):
    """What a whole key amounts to right now."""

    ACTIVE = "active"
    DISABLED = "disabled"
    EXPIRED = "expired"
    REVOKED = "revoked"


ACCEPTED = frozenset({VersionState.ACTIVE, VersionState.OUTGOING})


@dataclass(frozen=True, slots=True)
class Version:
    """One secret value of a key. `prefix` and `fingerprint` are None where they would give it away: weak values."""

    number: int
    state: VersionState
    created_at: datetime
    prefix: str | None = None
    fingerprint: str | None = None
    last_used_at: datetime | None = None
    accept_until: datetime | None = None
    """The key's expiry as it stood when this version became outgoing: a grace never outlives it."""
    delivered_at: datetime | None = None
    """When its hand-over was confirmed. An undelivered version is one that nobody may hold."""
    revoked_at: datetime | None = None
    label: str = ""
    weak: bool = False
    drift: Drift | None = None
    """How it stands at the key's issuer when not as here, by the last sync."""

    @property
    def known_as(self) -> str:
        """What deliveries call it: its fingerprint, or `v` and its number where it shows none."""
        return self.fingerprint or f"v{self.number}"

    def accepted(self, now: datetime) -> bool:
        """Whether this version, its key apart, lets a request in. A grace binds as long as the version is outgoing."""
        if self.state is VersionState.OUTGOING:
            return self.accept_until is None or now < self.accept_until
        return self.state in ACCEPTED


@dataclass(frozen=True, slots=True)
class Key:
    """A credential as an operator knows it. Name is unique per tenant, environment and issuer."""

    id: str
    name: str
    environment: str
    created_at: datetime
    kind: Kind = Kind.API_KEY
    description: str = ""
    owner: str = ""
    tenant: str = ""
    scopes: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    issuer: str = BUILTIN
    """The name of the system that accepts or refuses it."""
    format: str = "tk"
    sensitive: bool = False
    targets: tuple[str, ...] = ()
    """Names of the configured places that its consumers read the secret from, in the order of delivery."""
    leaked: bool = False
    expires_at: datetime | None = None
    rotated_at: datetime | None = None
    disabled_at: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> KeyState:
        """The one word for the whole key: what is final comes before what is reversible."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        if self.expires_at is not None and now >= self.expires_at:
            return KeyState.EXPIRED
        return KeyState.ACTIVE if self.disabled_at is None else KeyState.DISABLED

    def accepts(self, version: Version, now: datetime) -> bool:
        """Whether a request with this version is let in."""
        return self.state(now) is KeyState.ACTIVE and version.accepted(now)


@dataclass(frozen=True, slots=True)
class KeyDraft:
    """What an operator says of a key that does not exist yet. Times are absolute; an unset field takes its default."""

    name: str
    environment: str
    kind: Kind = Kind.API_KEY
    description: str = ""
    owner: str = ""
    tenant: str = ""
    scopes: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    format: str = "tk"
    sensitive: bool = False
    targets: tuple[str, ...] = ()
    expires_at: datetime | None = None
    label: str = ""
    issuer: str = BUILTIN


@dataclass(frozen=True, slots=True)
class KeyEdit:
    """Changes to a key; None leaves a field as it is. `never_expires` removes the expiry."""

    name: str | None = None
    description: str | None = None
    owner: str | None = None
    scopes: tuple[str, ...] | None = None
    apps: tuple[str, ...] | None = None
    sensitive: bool | None = None
    targets: tuple[str, ...] | None = None
    expires_at: datetime | None = None
    never_expires: bool = False


@dataclass(frozen=True, slots=True)
class KeySummary:
    """One row of the key list: the key, its current version, and what is computed of both."""

    key: Key
    version: Version
    last_used_at: datetime | None
    """Over all versions; None is never."""
    flags: tuple[Flag, ...]
    activity: tuple[int, ...] = ()
    """Accepted requests of the last 24 hours, oldest first, in equal parts."""
    rotation_id: int | None = None
    """The open rotation, if there is one."""

    @property
    def age_from(self) -> datetime:
        """Since when the current secret has been in use: its age is counted from here."""
        return self.version.created_at


class Flag(StrEnum):
    """Computed from policy and usage, most dangerous first; see `keytui.domain.flags`."""

    LEAKED = "leaked"
    DRIFTED = "drifted"
    EXPIRED = "expired"
    EXPIRING = "expiring"
    DUE = "due"
    ROTATING = "rotating"
    WEAK = "weak"
    SHARED = "shared"
    BROAD = "broad"
    STALE = "stale"
    IDLE = "idle"
    NEVER_USED = "never-used"
    UNOWNED = "unowned"


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What flags are computed from, beside the key itself."""

    key: Key
    version_created_at: datetime
    last_used_at: datetime | None = None
    rotating: bool = False
    weak: bool = False
    shared: bool = False
    drifted: bool = False
    unused_scopes: tuple[str, ...] = field(default=())


def checked_environment(name: str) -> str:
    """The name, if it can be an environment's; Invalid otherwise."""
    if not _ENVIRONMENT.fullmatch(name):
        raise Invalid(
            f"{name!r} cannot be an environment", "use letters, digits, dot, dash and underscore, as in production"
        )
    return name


def age(since: datetime, now: datetime) -> timedelta:
    """Elapsed time, never negative: a clock that went back makes nothing younger than new."""
    return max(now - since, timedelta())
