"""What a vault says of the issuers around it, and of comparing itself with one of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keytui.domain.drift import Drift
from keytui.domain.keys import Key, VersionState
from keytui.issuers.issuer import Abilities

OWN_ABILITIES: Final = Abilities(
    lists=False,
    issues=True,
    takes_our_value=True,
    overlaps=True,
    suspends=True,
    tells_last_use=True,
    holds_metadata=True,
    keeps_plaintext=False,
)
"""Of keytui's own verifiers. They have no list beside the vault, so that there is nothing to compare."""


@dataclass(frozen=True, slots=True)
class IssuerStanding:
    """An issuer, and how it was last compared with the vault."""

    name: str
    kind: str = ""
    """As the configuration names it; "" where that says nothing."""
    abilities: Abilities | None = None
    """None of one that the configuration does not name any more."""
    tried_at: datetime | None = None
    compared_at: datetime | None = None
    """Of this comparison are the numbers."""
    listed: int = 0
    drifted: int = 0
    error: str = ""
    """Why the last try failed; "" when it did not."""


@dataclass(frozen=True, slots=True)
class Drifted:
    """One version that stands otherwise at its issuer than here."""

    key: Key
    version: int
    drift: Drift
    state: VersionState = VersionState.ACTIVE
    """As it stands here, its key's own state apart."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """One version that was listed and not brought in. `label` is what its issuer calls it."""

    label: str
    why: str


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What comparing the vault with an issuer came to."""

    issuer: str
    at: datetime
    listed: int
    known: int
    """Of those listed, how many the vault knew already."""
    ended: int
    """How many are refused there and were never known here: they are left out."""
    added: tuple[Key, ...]
    """Keys that were brought in, or got a version that was made elsewhere."""
    drifted: tuple[Drifted, ...]
    """Everything that stands otherwise now, not only what is new."""
    reconciled: tuple[str, ...]
    """Names of keys with a version that stands there as here again."""
    skipped: tuple[Skipped, ...]
