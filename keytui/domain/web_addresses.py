"""Addresses of servers that a configuration names: HTTPS, and nothing in them that others should not read."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from keytui.domain.errors import Invalid


def checked_web_address(text: str) -> str:
    """The address as it is. Invalid for what is none, holds a credential, or is not HTTPS (our own loopback excepted).

    Messages go on after the name of a field, and do not repeat the address.
    """
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise Invalid("is not an address", "as in https://prometheus.example.com") from None
    if not text.isprintable() or " " in text:  # what `urlsplit` leaves out, others do not
        raise Invalid("is not an address", "leave out blanks and line breaks")
    if parts.username is not None or parts.password is not None:
        raise Invalid("holds a credential, which others can read", "leave it out of the address")
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        raise Invalid("is not an https:// address", "http:// is for this machine's own loopback only")
    return text


def is_loopback(host: str) -> bool:
    """Whether it is this machine's own, by its name or as an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
