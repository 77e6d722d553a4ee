"""What a verifier elsewhere and a team's server tell each other: versions of keys one way, usage the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from keytui.domain.keys import Key, Version
from keytui.domain.usage import Flush

CREDENTIALS_PATH = "/v1/credentials"
USAGE_PATH = "/v1/usage"
SERVERS: Final = "keytui-server"
"""What the evidence calls the recorders of all servers: their requests add up."""


@dataclass(frozen=True, slots=True)
class KnownVersion:
    """One version that may be presented, by its digest."""

    digest: str
    key: Key
    version: Version


@dataclass(frozen=True, slots=True)
class KnownVersions:
    """Those of the keys that changed, or of all keys.

    Values that a digest would give away are not in it: what they are recognised by stays with the vault.
    """

    position: int
    key_ids: tuple[str, ...]
    versions: tuple[KnownVersion, ...]


@dataclass(frozen=True, slots=True)
class Registration:
    """A verifier process begins. Its name is that of the token which it shows."""

    recorder: str
    host: str
    pid: int


@dataclass(frozen=True, slots=True)
class UsageReport:
    """What a verifier tells: that it begins, or what it has counted."""

    register: Registration | None = None
    flush: Flush | None = None
