"""Addresses of Redis servers: encrypted or on this machine, and nothing in them that others should not read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from keytui.domain.errors import Invalid
from keytui.domain.web_addresses import is_loopback

_FORMS: Final = "as in rediss://redis.example.com:6379/0, or unix:///run/redis.sock"
_PORT: Final = 6379


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A host and a port, or the path of a socket; and a database there."""

    host: str = ""
    port: int = _PORT
    path: str = ""
    database: int = 0
    encrypted: bool = False

    def __str__(self) -> str:
        return f"Redis at {self.path or f'{self.host}:{self.port}'}"


def parse_redis_address(text: str) -> RedisAddress:
    """What `rediss://HOST[:PORT][/DATABASE]`, `redis://` on loopback, or `unix:///PATH[?db=DATABASE]` names.

    Invalid for anything else, for a credential in it, and for a line that others could read. Messages go on after the
    name of a field, and do not repeat the address.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port or _PORT
    except ValueError:
        raise Invalid("is not an address", _FORMS) from None
    if not text.isascii() or not text.isprintable() or " " in text:
        raise Invalid("is not an address", "leave out blanks and line breaks")
    if parts.username is not None or parts.password is not None or "password" in parts.query:
        raise Invalid("holds a credential, which others can read", "use username and password, which name where it is")
    if parts.scheme == "unix" and not parts.netloc and len(parts.path) > 1:
        return RedisAddress(path=unquote(parts.path), database=_database(parts.query.removeprefix("db=")))
    if parts.scheme not in ("redis", "rediss") or not host or parts.query or parts.fragment:
        raise Invalid("is not an address of a Redis server", _FORMS)
    if parts.scheme == "redis" and not is_loopback(host):
        raise Invalid(
            "is not encrypted, and keys would cross the network in the clear",
            "use rediss://, or a tunnel that ends on this machine: redis:// is for its own loopback only",
        )
    return RedisAddress(host, port, database=_database(parts.path.strip("/")), encrypted=parts.scheme == "rediss")


def _database(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) < 5):
        raise Invalid("names no database", "a database is a number, as in /0")
    return int(text)
