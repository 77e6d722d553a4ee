"""What the stores of a key hold against the fingerprints of its versions. No secret goes further than its digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from keytui.domain.errors import KeytuiError
from keytui.domain.keys import ACCEPTED, Version, VersionState
from keytui.domain.secrets import Secret, fingerprint
from keytui.targets.target import Target
from keytui.vault.model import KeyDetail
from keytui.vault.occupants import occupant
from keytui.vault.protocol import Vault


class Holds(StrEnum):
    """What a store has of a key."""

    CURRENT = "current"
    """Its newest version, or the one before it where the newest has not been handed over yet."""
    OLD = "old"
    """A version that is accepted still, and that a newer one has replaced."""
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """A value that is no version of the key."""
    NOTHING = "nothing"
    """Although the key lets somebody in."""
    EMPTY = "empty"
    """Nothing, as the key lets nobody in."""
    UNTELLABLE = "untellable"
    """It cannot be read back, or the key has versions whose value nobody can be recognised by; nobody knows."""
    ELSEWHERE = "elsewhere"
    """It is none of this machine's."""
    FAILED = "failed"
    """It could not be read just now."""


DRIFT = frozenset({Holds.OLD, Holds.SUSPENDED, Holds.REVOKED, Holds.UNKNOWN, Holds.NOTHING})
"""What a store should not hold."""


@dataclass(frozen=True, slots=True)
class Store:
    """One target of a key, and what it holds. `version` is its number, of the key or of `other_key`."""

    target: str
    holds: Holds
    version: int | None = None
    why: str = ""
    """Why nobody knows, or what the target said."""
    other_key: str = ""
    """The name of the other key whose secret it holds."""

    @property
    def drifted(self) -> bool:
        return self.holds in DRIFT


def stores_of(vault: Vault, detail: KeyDetail, targets: Mapping[str, Target], now: datetime) -> Iterator[Store]:
    """What each target of the key holds, asked on this machine, in the key's order."""
    for name in detail.summary.key.targets:
        if name not in targets:
            yield Store(name, Holds.ELSEWHERE, why="it is no target of this machine")
        elif not targets[name].abilities.reads_back:
            yield Store(name, Holds.UNTELLABLE, why="it cannot be read back")
        else:
            yield _asked(vault, targets[name], detail, now)


def _asked(vault: Vault, target: Target, detail: KeyDetail, now: datetime) -> Store:
    try:
        value = target.read_back(detail.summary.key)
    except KeytuiError as error:
        return Store(target.name, Holds.FAILED, why=error.message)
    if value is None or not value:
        wanted = any(detail.summary.key.accepts(version, now) for version in detail.versions)
        return Store(target.name, Holds.NOTHING if wanted else Holds.EMPTY)
    version = _version_of(detail, value)
    if version is not None:
        return Store(target.name, _holds(detail, version), version.number)
    other = occupant(vault, detail.summary.key, value)
    if other is not None:
        return Store(target.name, Holds.UNKNOWN, other.version.number, other_key=other.key.name)
    if any(one.fingerprint is None and one.state in ACCEPTED for one in detail.versions):
        return Store(target.name, Holds.UNTELLABLE, why="a version of the key shows no fingerprint")
    return Store(target.name, Holds.UNKNOWN)


def _version_of(detail: KeyDetail, value: Secret) -> Version | None:
    print_ = fingerprint(value.digest())
    return next((version for version in detail.versions if version.fingerprint == print_), None)


def _holds(detail: KeyDetail, version: Version) -> Holds:
    if version.state is VersionState.REVOKED:
        return Holds.REVOKED
    if version.state is VersionState.SUSPENDED:
        return Holds.SUSPENDED
    newer = (one for one in detail.versions if one.number > version.number and one.state in ACCEPTED)
    return Holds.OLD if any(one.delivered_at is not None for one in newer) else Holds.CURRENT
