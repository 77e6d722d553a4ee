"""What is left of an address."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytui.domain.retention import Addresses, network_of
from keytui.domain.usage import UNKNOWN_CALLER, Caller


@given(st.ip_addresses())
def test_an_address_lies_in_its_network_which_names_nobody(address: IPv4Address | IPv6Address) -> None:
    network = ip_network(network_of(str(address)))

    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    assert (mapped or address) in network
    assert network.prefixlen == (24 if network.version == 4 else 48)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("testclient", ""),
        ("192.0.2.7:8080", ""),
        ("", ""),
    ],
)
def test_odd_addresses(address: str, network: str) -> None:
    assert network_of(address) == network


@given(st.ip_addresses().map(str), st.text())
def test_no_address_is_left_of_an_undeclared_caller(address: str, agent: str) -> None:
    assert Addresses.NONE.of(Caller.undeclared(address, agent)) == Caller.undeclared("", agent)


@pytest.mark.parametrize("addresses", list(Addresses))
def test_a_caller_without_an_address_stays_as_it_is(addresses: Addresses) -> None:
    assert addresses.of(UNKNOWN_CALLER) is UNKNOWN_CALLER
