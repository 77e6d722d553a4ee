"""The monitor: who uses what right now and over a range, as the Usage mode, `top` and `usage --json` show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keytui.domain.alerts import Alert
from keytui.domain.rotation import Rotation
from keytui.domain.usage import CallerUse


@dataclass(frozen=True, slots=True)
class Range:
    """How far back the monitor looks, and into which buckets it cuts that."""

    label: str
    span: timedelta
    bucket: timedelta


RANGES: Final = (
    Range("5 min", timedelta(minutes=5), timedelta(seconds=5)),
    Range("15 min", timedelta(minutes=15), timedelta(seconds=15)),
    Range("1 h", timedelta(hours=1), timedelta(minutes=1)),
    Range("6 h", timedelta(hours=6), timedelta(minutes=6)),
    Range("24 h", timedelta(hours=24), timedelta(minutes=24)),
    Range("7 d", timedelta(days=7), timedelta(hours=3)),
    Range("30 d", timedelta(days=30), timedelta(hours=12)),
    Range("90 d", timedelta(days=90), timedelta(days=1)),
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
    """An open rotation's two versions over the range, in the same buckets, and who holds it up."""

    rotation: Rotation
    old: tuple[Point, ...]
    new: tuple[Point, ...]
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
    """One caller on one version of one key, with its rate per minute over the last sixty seconds."""

    key_id: str
    key_name: str
    use: CallerUse
    per_minute: float
