"""Whose word about an address counts."""

from __future__ import annotations

import contextlib
import ipaddress

import pytest

from keytui.domain.errors import Forbidden
from keytui.server.addresses import ClientAddresses, neighbourhood

BEHIND = ClientAddresses((ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")))


@pytest.mark.parametrize(
    ("peer", "told", "client"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # a stranger's word
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),  # what the client made up stands on the left
        ("10.0.0.1", "198.51.100.1, unknown, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("fd00::1", "[2001:db8::5]:4711", "2001:db8::5"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "\x1b[31m", "10.0.0.1"),
    ],
)
def test_only_a_trusted_proxys_word_counts(peer: str, told: str, client: str) -> None:
    headers = [(b"x-forwarded-for", told.encode())] if told else []

    assert BEHIND.of((peer, 1234), headers) == client


def test_several_headers_are_one_list() -> None:
    headers = [(b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-for", b"198.51.100.1")]

    assert BEHIND.of(("10.0.0.1", 1), headers) == "198.51.100.1"


def test_without_trusted_proxies_nothing_is_read() -> None:
    assert ClientAddresses(()).of(("10.0.0.1", 1), [(b"x-forwarded-for", b"1.1.1.1")]) == "10.0.0.1"
    assert ClientAddresses(()).of(None, []) == "unknown"


@pytest.mark.parametrize(
    ("peer", "let_in"), [("10.0.0.1", True), ("127.0.0.1", True), ("::1", True), ("192.0.2.1", False)]
)
def test_in_plain_text_only_proxies_and_this_machine_are_heard(peer: str, let_in: bool) -> None:
    plain = ClientAddresses((ipaddress.ip_network("10.0.0.0/8"),), encrypted=False)
    with contextlib.nullcontext() if let_in else pytest.raises(Forbidden, match="plain http"):
        plain.require_protection((peer, 1))
    BEHIND.require_protection((peer, 1))


def test_one_customers_ipv6_addresses_are_one_client() -> None:
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:1") != neighbourhood("2001:db8:0:1::1")
    assert neighbourhood("192.0.2.1") == "192.0.2.1"
