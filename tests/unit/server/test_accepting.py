"""Connections that never become any: their handshakes end in time, and only so many are open at once."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from keytui.server.accepting import BoundedLoop
from keytui.verify.asgi import Receive, Scope, Send
from tests.self_signed import LOOPBACK, SelfSigned, self_signed
from tests.world import eventually

MOST = 3
Address = tuple[str, int]


async def _ok(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def certificate(tmp_path: Path) -> SelfSigned:
    return self_signed(tmp_path, LOOPBACK)


@contextmanager
def serving(certificate: SelfSigned, within: float) -> Iterator[Address]:
    """A server that has `MOST` connections open at most."""
    shown = certificate.shown
    config = uvicorn.Config(_ok, lifespan="off", ws="none", log_level="critical", ssl_certfile=shown, ssl_keyfile=shown)
    server, listening = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: BoundedLoop(MOST, within)) as runner:
            runner.run(server.serve([listening]))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        eventually(lambda: server.started)
        yield listening.getsockname()
    finally:
        server.should_exit = True
        thread.join(10)


def silent(address: Address) -> socket.socket:
    """Somebody who connects and says nothing."""
    connection = socket.create_connection(address)
    connection.settimeout(5)
    return connection


def answers(certificate: SelfSigned, address: Address) -> bool:
    trusted = ssl.create_default_context(cafile=certificate.trusted)
    try:
        return httpx.get(f"https://127.0.0.1:{address[1]}/", verify=trusted, timeout=5).status_code == 204
    except httpx.TransportError:
        return False


def let_go(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_handshake_that_nobody_finishes_ends(certificate: SelfSigned) -> None:
    with serving(certificate, within=0.3) as address, silent(address) as connection:
        assert let_go(connection)


def test_only_so_many_are_open_and_who_comes_later_is_served_once_they_are_over(certificate: SelfSigned) -> None:
    with serving(certificate, within=1.0) as address, ExitStack() as open_:
        assert all(answers(certificate, address) for _ in range(3 * MOST))
        waiting = [open_.enter_context(silent(address)) for _ in range(MOST + 2)]
        assert let_go(waiting[-1])
        assert not answers(certificate, address)
        eventually(lambda: answers(certificate, address))
