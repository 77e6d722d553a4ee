"""Retention: how long usage is kept at which grain, and what is kept of the addresses of callers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network

from keytui.domain.usage import Caller


class Addresses(StrEnum):
    """What is kept of a caller's address."""

    FULL = "full"
    TRUNCATED = "truncated"
    """The network only: /24 of IPv4, /48 of IPv6."""
    NONE = "none"

    def of(self, caller: Caller) -> Caller:
        """The caller as it is kept. One that declared its name keeps it; another is known by what is left of it."""
        if self is Addresses.FULL or not caller.address:
            return caller
        address = network_of(caller.address) if self is Addresses.TRUNCATED else ""
        return replace(caller, address=address) if caller.declared else Caller.undeclared(address, caller.agent)


def network_of(address: str) -> str:
    """The network of an address, as `192.0.2.0/24`; nothing of a text that is no address."""
    try:
        whole = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(whole, IPv6Address) and whole.ipv4_mapped:
        whole = whole.ipv4_mapped
    return str(ip_network((whole, 24 if whole.version == 4 else 48), strict=False))


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
