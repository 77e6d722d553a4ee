"""Lifetimes: keys that are due for rotation, that expire, and that nobody uses.

A vault may hold a million of them, so these facts come counted: an environment's number of keys, and the keys
themselves only while they are few enough to be told one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from keytui.domain.alerts import AlertKind, Severity, Signal
from keytui.domain.detectors.folding import MOST_SINGLE, KeyName, together


@dataclass(frozen=True, slots=True)
class Dated:
    """A key and the time that counts: when its version began, when it expires, when it was last used."""

    key: KeyName
    version: int
    at: datetime
    never_used: bool = False
    """Then `at` is when it was made."""


@dataclass(frozen=True, slots=True)
class Lot:
    """All keys of one environment that meet a condition: how many, and the first few of them by time."""

    environment: str
    total: int
    keys: tuple[Dated, ...]
    """All of them when `total` is at most `MOST_SINGLE`."""


def rotations_due(lots: Iterable[Lot]) -> tuple[Signal, ...]:
    """Keys without an open rotation whose version has reached its policy's age."""

    def signal(one: Dated) -> Signal:
        detail = f"{one.key.name} v{one.version} dates from {_day(one)} and is due for rotation"
        return _signal(AlertKind.ROTATION_DUE, one, "", Severity.NOTICE, detail)

    return _told(lots, signal, "keys due for rotation")


def expiring(lots: Iterable[Lot]) -> tuple[Signal, ...]:
    """Keys that expire soon."""

    def signal(one: Dated) -> Signal:
        detail = f"{one.key.name} expires on {one.at:%Y-%m-%d %H:%MZ}"
        return _signal(AlertKind.EXPIRING, one, "", Severity.WARNING, detail)

    return _told(lots, signal, "keys that expire soon")


def expired(lots: Iterable[Lot]) -> tuple[Signal, ...]:
    """Keys that have expired and were neither renewed nor revoked."""

    def signal(one: Dated) -> Signal:
        return _signal(
            AlertKind.EXPIRING,
            one,
            " expired",
            Severity.WARNING,
            f"{one.key.name} expired on {one.at:%Y-%m-%d %H:%MZ} and refuses everybody",
        )

    return _told(lots, signal, "expired keys")


def idle(lots: Iterable[Lot]) -> tuple[Signal, ...]:
    """Keys that were not used for some days."""
    return _unused(lots, "idle")


def stale(lots: Iterable[Lot]) -> tuple[Signal, ...]:
    """Keys that were not used for so long that they can probably go."""
    return _unused(lots, "stale")


def _unused(lots: Iterable[Lot], flag: str) -> tuple[Signal, ...]:
    def signal(one: Dated) -> Signal:
        unused = f"was made on {_day(one)} and never used" if one.never_used else f"was last used on {_day(one)}"
        return _signal(AlertKind.UNUSED, one, f" {flag}", Severity.NOTICE, f"{one.key.name} {unused}")

    return _told(lots, signal, f"{flag} keys")


def _day(one: Dated) -> str:
    return f"{one.at:%Y-%m-%d}"


def _told(lots: Iterable[Lot], signal: Callable[[Dated], Signal], many: str) -> tuple[Signal, ...]:
    def told() -> Iterator[Signal]:
        for lot in lots:
            if lot.total > MOST_SINGLE:
                yield together(lot.environment, many, map(signal, lot.keys), lot.total)
            else:
                yield from map(signal, lot.keys)

    return tuple(sorted(told(), key=lambda one: one.subject))


def _signal(kind: AlertKind, one: Dated, stage: str, severity: Severity, detail: str) -> Signal:
    return Signal(kind, f"{one.key.id}{stage}", severity, detail, one.key.id, one.key.name)
