"""How `keytui serve` begins, and what it refuses to begin with."""

from __future__ import annotations

import signal
import socket
import ssl
import subprocess

import pytest

from tests.end_to_end.home import KEYTUI, Home
from tests.end_to_end.team_server import BEGINS_WITHIN, free_port
from tests.webhook_receiver import NAME, certificates
from tests.world import eventually


def test_over_tls(home: Home) -> None:
    _, client = certificates(home.directory)
    pem, port = str(home.directory / "server.pem"), free_port()
    command = [KEYTUI, "serve", "--host", "127.0.0.1", "--port", str(port), "--tls-cert", pem, "--tls-key", pem]
    with subprocess.Popen(command, env=home.env, stderr=subprocess.PIPE, text=True) as process:
        eventually(lambda: _answer(client, port).startswith(b"HTTP/1.1 200"), within=BEGINS_WITHIN)
        with socket.create_connection(("127.0.0.1", port)) as plain:
            plain.sendall(b"GET /live HTTP/1.1\r\nhost: k\r\n\r\n")
            assert b"200" not in plain.recv(1000)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "keytui operators add NAME --role super_admin" in told
    assert f"https://127.0.0.1:{port}" in told
    assert "kto_" not in told


def _answer(client: ssl.SSLContext, port: int) -> bytes:
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
            client.wrap_socket(connection, server_hostname=NAME) as line,
        ):
            line.sendall(b"GET /live HTTP/1.1\r\nhost: k\r\n\r\n")
            return line.recv(1000)
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--host", "0.0.0.0"], "plain http"),  # noqa: S104  # what is refused
        (["--tls-cert", "/nonexistent.pem"], "certificate and its key"),
        (["--tls-cert", "/nonexistent.pem", "--tls-key", "/nonexistent.pem"], "cannot be used"),
        (["--config", "/nonexistent.toml"], "no file"),
        (["--port", "70000"], "--port"),
    ],
)
def test_what_it_refuses_to_begin_with(home: Home, options: list[str], told: str) -> None:
    assert told in home.keytui("serve", *options, code=2).stderr


def test_a_job_that_is_configured_wrongly_is_said_before_anybody_serves(home: Home) -> None:
    configuration = home.directory / "other.toml"
    configuration.write_text('[targets.env]\nkind = "fiel"\n')
    configuration.chmod(0o600)
    told = home.keytui("serve", "--config", str(configuration), "--workers", "2", code=2).stderr
    assert "[targets.env] kind" in told
    assert "keytui serves" not in told


def test_a_port_that_is_taken_is_named(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1:{port}" in home.keytui("serve", "--port", str(port), code=5).stderr
