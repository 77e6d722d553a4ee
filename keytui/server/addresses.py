"""Where a request comes from, behind proxies too: only a trusted one's word counts."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from keytui.domain.errors import Forbidden
from keytui.server.settings import Network

_FORWARDED_FOR: Final = b"x-forwarded-for"
_UNKNOWN: Final = "unknown"


class ClientAddresses:
    """Reads `X-Forwarded-For` from the right: the first address that is no trusted proxy's is the client's."""

    def __init__(self, trusted: Sequence[Network], *, encrypted: bool = True) -> None:
        self._trusted = trusted
        self._encrypted = encrypted

    def of(self, peer: object, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """The client's address. `peer` is who is connected to us, as ASGI names it."""
        address = _peer(peer)
        if not self._trusted or not self._trusts(address):
            return address
        told = ",".join(value.decode("latin-1") for name, value in headers if name == _FORWARDED_FOR)
        for hop in reversed(told.split(",")):
            named = _bare(hop.strip())
            if named is None:
                return address  # what a proxy could not name, nobody vouches for
            address = named
            if not self._trusts(named):
                return named
        return address

    def require_protection(self, peer: object) -> None:
        """Forbidden in plain text for everybody but the proxies that TLS ends at, and this machine itself."""
        if self._encrypted:
            return
        address = _peer(peer)
        parsed = _parsed(address)
        if (parsed is None or not parsed.is_loopback) and not self._trusts(address):
            raise Forbidden(
                "plain http is for the proxies in front", "ask by https; replace the token that went out so"
            )

    def _trusts(self, address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._trusted)


@lru_cache(maxsize=4096)
def neighbourhood(address: str) -> str:
    """What is counted as one client: an IPv4 address, or the /64 of IPv6 that one customer has to himself."""
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((parsed, 64), strict=False))
    return address


def _peer(peer: object) -> str:
    return str(peer[0]) if isinstance(peer, tuple | list) and peer else _UNKNOWN


def _bare(hop: str) -> str | None:
    """The address without a port; None for anything else, as `unknown` or `_hidden`."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    parsed = _parsed(hop)
    return str(parsed) if parsed is not None else None


@lru_cache(maxsize=4096)
def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed
