"""Retention: how long usage is kept at which grain, and what is kept of the addresses of callers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Addresses(StrEnum):
    """What is kept of a caller's address."""

    FULL = "full"
    TRUNCATED = "truncated"
    """The network only: /24 of IPv4, /48 of IPv6."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Retention:
    """Every grain is rolled into the next; the days are the last, and are dropped after `days`."""

    minutes: timedelta = timedelta(hours=48)
    hours: timedelta = timedelta(days=35)
    """Five weeks: what the same hours of the week are compared with."""
    days: timedelta = timedelta(days=730)
    addresses: Addresses = Addresses.FULL
    address_days: timedelta = timedelta(days=90)
    """Longest that an address is kept after its last use."""
