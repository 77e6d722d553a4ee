"""What the configuration says of a server: where it listens, with which certificate, and how much it lets in."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from keytui.domain.durations import parse_duration
from keytui.domain.errors import Invalid
from keytui.domain.web_addresses import is_loopback
from keytui.vault.configuration import fields_of
from keytui.vault.configuration_lines import names_lines

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SECTION: Final = "server"
_MOST_WORKERS: Final = 64
_MOST_COUNT: Final = 10**9
_NEVER: Final = "never"
_SHORTEST_INTERVAL: Final = timedelta(minutes=1)
_PATHS: Final = frozenset({"tls_cert", "tls_key"})


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """One server. Counts of requests are of one second and one worker process."""

    host: str = "127.0.0.1"
    port: int = 8470
    tls_cert: Path | None = None
    tls_key: Path | None = None
    workers: int = 1
    trusted_proxies: tuple[Network, ...] = ()
    """Whose word about a client's address counts. Where they are named, TLS may end there."""
    requests_per_token: int = 10_000
    requests_per_address: int = 1_000
    failed_logins: int = 10
    """How often an address may present a wrong token before it is made to wait."""
    most_connections: int = 4_096
    asked_within: int = 15
    """Seconds in which a request must be whole, from the connection's begin or its first byte."""
    stop_within: int = 20
    """Seconds that requests under way have to finish when the server stops."""
    sync_every: timedelta | None = timedelta(hours=1)
    """How often issuers are compared that were compared once; None is never."""

    @property
    def scheme(self) -> str:
        return "https" if self.tls_cert else "http"


@names_lines
def load_server_settings(path: Path, given: Mapping[str, object]) -> ServerSettings:
    """The `[server]` table of a configuration, under what the command line gave. Invalid names the field.

    [server]
    host = "0.0.0.0"
    port = 8470
    tls_cert = "/etc/keytui/server.pem"
    tls_key = "/etc/keytui/server.key"
    workers = 2
    trusted_proxies = ["10.0.0.5"]
    """
    settings = ServerSettings()
    known = {field.name for field in fields(ServerSettings)}
    for name, value in fields_of(path, SECTION).items():
        where = f"{path}: [{SECTION}] {name}"
        if name not in known:
            raise Invalid(f"{where} is no field", f"its fields are {', '.join(sorted(known))}")
        settings = _with(settings, where, name, value)
    for name, value in given.items():
        settings = _with(settings, f"--{name.replace('_', '-')}", name, value)
    _require_protection(settings)
    return settings


def _with(settings: ServerSettings, where: str, name: str, value: object) -> ServerSettings:
    if name == "trusted_proxies":
        return replace(settings, trusted_proxies=_networks(where, value))
    if name in _PATHS:
        path = Path(_text(where, value)).expanduser()
        return replace(settings, tls_cert=path) if name == "tls_cert" else replace(settings, tls_key=path)
    if name == "sync_every":
        return replace(settings, sync_every=_interval(where, value))
    if name == "host":
        return replace(settings, host=_text(where, value))
    most = {"port": 65_535, "workers": _MOST_WORKERS}.get(name, _MOST_COUNT)
    count: dict[str, int] = {name: _count(where, value, 0 if name == "port" else 1, most)}
    return replace(settings, **count)  # type: ignore[arg-type]  # every other field is a count


def _text(where: str, value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    if not isinstance(value, str) or not value:
        raise Invalid(f"{where} is a text in quotes", "mend it")
    return value


def _interval(where: str, value: object) -> timedelta | None:
    text = _text(where, value)
    try:
        interval = None if text == _NEVER else parse_duration(text)
    except Invalid as error:
        raise Invalid(f"{where}: {error.message}", f'as in "1h"; "{_NEVER}" leaves it to you') from None
    if interval is not None and interval < _SHORTEST_INTERVAL:
        raise Invalid(f"{where} is less than a minute", "an issuer's whole list is asked for each time")
    return interval


def _count(where: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Invalid(f"{where} is a whole number from {least} to {most}", "mend it")
    return value


def _networks(where: str, value: object) -> tuple[Network, ...]:
    if not isinstance(value, list):
        raise Invalid(f"{where} is a list of addresses or networks", 'as in ["10.0.0.5", "fd00::/8"]')
    try:
        return tuple(ipaddress.ip_network(str(entry)) for entry in value)
    except ValueError as error:
        raise Invalid(f"{where}: {error}", 'as in ["10.0.0.5", "fd00::/8"]') from None


def _require_protection(settings: ServerSettings) -> None:
    """Tokens and secrets travel with every request: nobody on the way may read them."""
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise Invalid("a certificate and its key go together", "give both tls_cert and tls_key")
    if settings.tls_cert is None and not settings.trusted_proxies and not is_loopback(settings.host):
        raise Invalid(
            f"plain http on {settings.host} would carry tokens and secrets for anybody to read",
            "give tls_cert and tls_key, or listen on 127.0.0.1 behind a proxy; where TLS ends on another machine in "
            f"front, name that one in [{SECTION}] trusted_proxies",
        )
