"""Who holds a connection for nothing is hung up on; who is merely slow is not."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from keytui.server import idle
from keytui.server.idle import hang_up_on_the_slow
from keytui.verify.asgi import Receive, Scope, Send
from tests.world import eventually

TAKEN_WITHIN = 0.6
PARTS, PART = 60, b"x" * 65_536
SMALL = 32_768
"""Bytes that the line holds by itself, so that what a client does not take shows at once."""


async def _large_answer(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(PARTS):
        await send({"type": "http.response.body", "body": PART, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A client that has asked for the large answer, of a server that looks often."""
    monkeypatch.setattr(idle, "TAKEN_WITHIN", TAKEN_WITHIN)
    monkeypatch.setattr(idle, "LOOK_EVERY", 0.05)
    config = uvicorn.Config(_large_answer, lifespan="off", ws="none", log_level="critical", access_log=False)
    server, listening = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)

    async def served() -> None:
        watch = asyncio.ensure_future(hang_up_on_the_slow(server.server_state, 5))
        await server.serve([listening])
        watch.cancel()

    thread = threading.Thread(target=lambda: asyncio.run(served()), daemon=True)
    thread.start()
    eventually(lambda: server.started)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        client.settimeout(5)
        client.connect(listening.getsockname())
        client.sendall(b"GET / HTTP/1.1\r\nhost: k\r\nconnection: close\r\n\r\n")
        yield client
    server.should_exit = True
    thread.join(10)


def taken(client: socket.socket, at_once: int, pause: float) -> int:
    """How much of the answer a client gets that takes so much at once, until it is whole or the line is cut."""
    wait, got = threading.Event(), 0
    try:
        while part := client.recv(at_once):
            got += len(part)
            wait.wait(pause)
    except ConnectionError:
        pass
    return got


def test_who_takes_an_answer_slowly_and_steadily_gets_all_of_it(asking: socket.socket) -> None:
    began = time.monotonic()
    assert taken(asking, 32_768, 0.01) >= PARTS * len(PART)
    assert time.monotonic() - began > 1.5 * TAKEN_WITHIN  # else it was none that is slow


def test_who_takes_an_answer_by_the_byte_is_hung_up_on(asking: socket.socket) -> None:
    wait, until = threading.Event(), time.monotonic() + 3 * TAKEN_WITHIN
    while time.monotonic() < until:
        asking.recv(1)
        wait.wait(0.01)
    assert taken(asking, 65_536, 0) < PARTS * len(PART) // 4  # what was on the line already
