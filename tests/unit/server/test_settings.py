"""What a server's configuration may say, and what it must not."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.errors import Invalid
from keytui.server.settings import ServerSettings, load_server_settings


def written(directory: Path, *lines: str) -> Path:
    path = directory / "server.toml"
    path.write_text("\n".join(["[server]", *lines]))
    path.chmod(0o600)
    return path


def test_without_a_file_it_listens_on_loopback(tmp_path: Path) -> None:
    assert load_server_settings(tmp_path / "none.toml", {}) == ServerSettings()


def test_the_command_line_counts_more_than_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, 'host = "::1"', "port = 9000", "workers = 3", 'trusted_proxies = ["10.0.0.0/8"]')

    settings = load_server_settings(path, {"port": 9001})

    assert (settings.host, settings.port, settings.workers) == ("::1", 9001, 3)
    assert settings.trusted_proxies == (ipaddress.ip_network("10.0.0.0/8"),)


def test_how_often_issuers_are_compared(tmp_path: Path) -> None:
    assert load_server_settings(written(tmp_path, 'sync_every = "15m"'), {}).sync_every == timedelta(minutes=15)
    assert load_server_settings(written(tmp_path, 'sync_every = "never"'), {}).sync_every is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "keys.example.com"])  # noqa: S104  # what is refused
def test_plain_http_stays_on_loopback(tmp_path: Path, host: str) -> None:
    with pytest.raises(Invalid, match="plain http"):
        load_server_settings(written(tmp_path, f'host = "{host}"'), {})

    protected = written(tmp_path, f'host = "{host}"', 'tls_cert = "c.pem"', 'tls_key = "k.pem"')
    assert load_server_settings(protected, {}).scheme == "https"
    behind = written(tmp_path, f'host = "{host}"', 'trusted_proxies = ["192.0.2.1"]')
    assert load_server_settings(behind, {}).host == host


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ('tls_cert = "c.pem"', "certificate"),
        ("port = 70000", "port"),
        ('port = "80"', "port"),
        ("workers = 0", "workers"),
        ("workers = true", "workers"),
        ('trusted_proxies = "10.0.0.1"', "trusted_proxies"),
        ('trusted_proxies = ["10.0.0.1/8"]', "trusted_proxies"),
        ('database = "postgresql://u:p@h/d"', "database"),
        ("host = 1", "host"),
        ("sync_every = 60", "sync_every"),
        ('sync_every = "often"', "sync_every"),
        ('sync_every = "30s"', "sync_every"),
    ],
)
def test_what_cannot_be_meant_is_named(tmp_path: Path, line: str, names: str) -> None:
    with pytest.raises(Invalid, match=names):
        load_server_settings(written(tmp_path, line), {})
