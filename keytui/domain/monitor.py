"""The monitor: who uses what right now and over a range, as the Usage mode, `top` and `usage --json` show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keytui.domain.alerts import Alert
from keytui.domain.ranges import EPOCH, Range
from keytui.domain.rotation import Rotation
from keytui.domain.usage import CallerUse

MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many requests were accepted and refused."""

    accepted: int = 0
    refused: int = 0

    @property
    def requests(self) -> int:
        return self.accepted + self.refused

    def __add__(self, other: Counts) -> Counts:
        """Of different requests: another version's, or another time's."""
        return Counts(self.accepted + other.accepted, self.refused + other.refused)

    def __sub__(self, other: Counts) -> Counts:
        """What goes beyond another claim; nothing where it does not."""
        return Counts(max(self.accepted - other.accepted, 0), max(self.refused - other.refused, 0))

    def __or__(self, other: Counts) -> Counts:
        """Of the same requests, as two sources saw them: of each the higher claim."""
        return Counts(max(self.accepted, other.accepted), max(self.refused, other.refused))


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests per second."""

    accepted: float = 0.0
    refused: float = 0.0

    @property
    def requests(self) -> float:
        return self.accepted + self.refused

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.accepted + other.accepted, self.refused + other.refused)


def rate(current: Counts, previous: Counts, now: datetime, over: timedelta = MINUTE) -> Rate:
    """Over the last minute (or hour), as far as counts by the minute tell: from the running one and, of the one before,
    the part that lies within that time.
    """
    rest = 1 - (now - EPOCH) % over / over
    seconds = over.total_seconds()
    return Rate(
        (current.accepted + previous.accepted * rest) / seconds, (current.refused + previous.refused * rest) / seconds
    )


@dataclass(frozen=True, slots=True)
class Point:
    """Requests in one bucket of time."""

    at: datetime
    accepted: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class VersionUse:
    """What one version had accepted over the range."""

    version: int
    accepted: int


@dataclass(frozen=True, slots=True)
class KeyTraffic:
    """One key in the monitor. The rates are per second over the last sixty seconds; the counts are the range's."""

    key_id: str
    key_name: str
    environment: str
    per_second: float
    refused_per_second: float
    day: int
    """Accepted in the last 24 hours, whatever the range."""
    accepted: int
    refused: int
    versions: tuple[VersionUse, ...]
    """The busiest first."""
    alert: Alert | None = None
    """The most serious open one about this key."""


@dataclass(frozen=True, slots=True)
class RefusedFrom:
    """Refusals of one address over the range, the keys it tried named; a key of "" is a secret that is none's."""

    address: str
    refused: int
    last_at: datetime
    keys: tuple[str, ...]
    """Names of keys, the most refused first; "" stands for secrets that belong to no key."""


@dataclass(frozen=True, slots=True)
class Unmoved:
    """A caller of a rotation's old version that has not moved to the new one."""

    caller: str
    declared: bool
    last_on_old: datetime
    per_minute: float
    """On the old version, over the last sixty seconds."""


@dataclass(frozen=True, slots=True)
class RotationTraffic:
    """An open rotation's two versions over the range, in the same buckets, and who holds it up.

    The rates are of accepted requests per second over the last sixty seconds, whatever the range.
    """

    rotation: Rotation
    old: tuple[Point, ...]
    old_per_second: float
    new: tuple[Point, ...]
    new_per_second: float
    unmoved: tuple[Unmoved, ...]


@dataclass(frozen=True, slots=True)
class Monitor:
    """One moment of the monitor. `keys` are the busiest first by rate, then by the range's requests."""

    as_of: datetime
    range: Range
    points: tuple[Point, ...]
    """Every bucket of the range, oldest first, the empty ones too; the last one may still be filling."""
    per_second: float
    refused_per_second: float
    keys: tuple[KeyTraffic, ...]
    total_keys: int
    """How many keys had requests in the range; `keys` may be fewer."""
    rotations: tuple[RotationTraffic, ...]
    refused_from: tuple[RefusedFrom, ...]
    alerts: tuple[Alert, ...]
    """The open ones, the most serious first."""


@dataclass(frozen=True, slots=True)
class CallerTraffic:
    """One caller on one version of one key, with its requests per minute over the last sixty seconds.

    Callers are counted by the minute only while the key's rotation is open. Of others the rate is that of the last
    sixty minutes, and 0 once they have been silent for one.
    """

    key_id: str
    key_name: str
    use: CallerUse
    per_minute: float


def busiest(keys: Iterable[KeyTraffic]) -> tuple[KeyTraffic, ...]:
    """By rate, refusals included, then by the range's requests, then by name."""
    return tuple(
        sorted(
            keys,
            key=lambda key: (-key.per_second - key.refused_per_second, -key.accepted - key.refused, key.key_name),
        )
    )
