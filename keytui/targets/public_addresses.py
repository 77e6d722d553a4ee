"""Which addresses a message may be sent to: the public ones, so that no name leads it into a network of ours."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence
from queue import Empty, Queue
from typing import Final

from keytui.domain.errors import Refused

Resolver = Callable[[str, int], Sequence[str]]
"""The addresses of a host name, as text."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NEVER: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "168.63.129.16/32",  # a cloud's metadata, at an address that looks public
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "2001::/23",  # Teredo and others that lead elsewhere
        "2001:db8::/32",
        "3fff::/20",
    )
)
_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def system_resolver(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says, each address once. OSError when it knows none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(text: str) -> bool:
    """Whether an address belongs to the open internet, also by the IPv4 address that an IPv6 one stands for."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return _public(_meant(address))


def checked_addresses(
    host: str, port: int, resolver: Resolver, *, allow_private: bool, within: float
) -> tuple[str, ...]:
    """The host's addresses, asked for once: connect to these and to nothing else.

    Refused when any of them is not public: a name that has both is how somebody gets in. OSError when there is none,
    TimeoutError when nobody says so `within` some seconds.
    """
    addresses = _resolved(host, port, resolver, within)
    if not addresses:
        raise OSError("the name has no address")
    if not allow_private and not all(map(is_public, addresses)):
        raise Refused(
            "its host is at an address that is not public",
            "if it should be, say so where it is configured: allow_private = true",
        )
    return addresses


def _resolved(host: str, port: int, resolver: Resolver, within: float) -> tuple[str, ...]:
    """In a thread that is left behind when it takes too long: the system's resolver knows no timeout of ours."""
    answers: Queue[tuple[str, ...] | Exception] = Queue()

    def ask() -> None:
        try:
            answers.put(tuple(resolver(host, port)))
        except Exception as error:  # told to whoever waits
            answers.put(error)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=within)
    except Empty:
        raise TimeoutError("no name server answers in time") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_V6:
        return False
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved
