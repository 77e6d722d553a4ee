"""Who holds a connection for nothing is hung up on; who is merely slow is not."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest
import uvicorn

from keytui.server import idle
from keytui.server.accepting import BoundedLoop
from keytui.server.idle import hang_up_on_the_slow
from keytui.verify.asgi import Receive, Scope, Send
from tests.self_signed import LOOPBACK, self_signed
from tests.world import eventually

TAKEN_WITHIN = 0.6
PARTS, PART = 60, b"x" * 65_536
SMALL = 32_768
"""Bytes that the line holds by itself, so that what a client does not take shows at once."""


async def _answer(scope: Scope, _receive: Receive, send: Send) -> None:
    """Part by part; or all at once, so that nothing is left to be sent but by the line."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/at-once":
        await send({"type": "http.response.body", "body": PART * PARTS})
        return
    for _ in range(PARTS):
        await send({"type": "http.response.body", "body": PART, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture(params=["plain", "tls"])
def server(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[uvicorn.Server]:
    """One that looks often, and has the accepting socket that a worker has."""
    monkeypatch.setattr(idle, "TAKEN_WITHIN", TAKEN_WITHIN)
    monkeypatch.setattr(idle, "LOOK_EVERY", 0.05)
    shown = str(self_signed(tmp_path, LOOPBACK).shown) if request.param == "tls" else None
    config = uvicorn.Config(
        _answer, lifespan="off", ws="none", log_level="critical", access_log=False, ssl_certfile=shown
    )
    server = uvicorn.Server(config)

    async def served() -> None:
        watch = asyncio.ensure_future(hang_up_on_the_slow(server.server_state, 5))
        await server.serve([_listening(server)])
        watch.cancel()

    def run() -> None:
        with asyncio.Runner(loop_factory=partial(BoundedLoop, 8, 5.0)) as runner:
            runner.run(served())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    yield server
    server.should_exit = True
    thread.join(10)


def _listening(server: uvicorn.Server) -> socket.socket:
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    return listening


@pytest.fixture
def ask(server: uvicorn.Server) -> Callable[[str], AbstractContextManager[socket.socket]]:
    """A client that has asked for an answer."""

    @contextmanager
    def asked(path: str) -> Iterator[socket.socket]:
        with socket.socket() as bare:
            bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
            bare.settimeout(5)
            bare.connect(server.servers[0].sockets[0].getsockname())
            client = bare if server.config.ssl is None else _trusting().wrap_socket(bare)
            with client:
                client.sendall(f"GET {path} HTTP/1.1\r\nhost: k\r\nconnection: close\r\n\r\n".encode())
                yield client

    return asked


def _trusting() -> ssl.SSLContext:
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    return trusting


Ask = Callable[[str], AbstractContextManager[socket.socket]]


def taken(client: socket.socket, at_once: int, pause: float, seconds: float = 60) -> int:
    """How much of the answer a client gets that takes so much at once, until it is whole or the line is cut."""
    wait, got, until = threading.Event(), 0, time.monotonic() + seconds
    try:
        while time.monotonic() < until and (part := client.recv(at_once)):
            got += len(part)
            wait.wait(pause)
    except (ConnectionError, ssl.SSLError):
        pass
    return got


@pytest.mark.parametrize("path", ["/", "/at-once"])
def test_who_takes_an_answer_slowly_and_steadily_gets_all_of_it(ask: Ask, path: str) -> None:
    """Some 400 kB a second: what TLS keeps ready takes more than twice as long as the wait for a part of it."""
    with ask(path) as client:
        slowly = taken(client, 8_192, 0.02, 3 * TAKEN_WITHIN)
        assert slowly < PARTS * len(PART) // 2  # else it was none that is slow
        assert slowly + taken(client, 65_536, 0) >= PARTS * len(PART)


def test_who_takes_an_answer_by_the_byte_is_hung_up_on(ask: Ask) -> None:
    wait, until = threading.Event(), time.monotonic() + 3 * TAKEN_WITHIN
    with ask("/") as client:
        while time.monotonic() < until:
            client.recv(1)
            wait.wait(0.01)
        assert taken(client, 65_536, 0) < PARTS * len(PART) // 4  # what was on the line already


def test_who_does_not_take_the_rest_is_hung_up_on_too(ask: Ask, server: uvicorn.Server) -> None:
    """The server has said all of it, and only the line has it still."""
    with ask("/at-once") as client:
        assert client.recv(1)
        eventually(lambda: not server.server_state.connections)
