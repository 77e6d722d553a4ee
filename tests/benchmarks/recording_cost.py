"""What `KeyMiddleware`, recording, costs a service: the same ASGI app under uvicorn with and without it.

Both run at once, each in a process of its own, and are asked in turns by one client over a kept connection, so that
whatever else the machine does meets both. What is compared is the CPU time that the server process spends a request,
all of its threads together: a server that does nothing else answers its inverse in requests per second.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.benchmarks.ratio import Ratio, medians

ROUNDS: Final = 9
REQUESTS: Final = 6_000
_AT_ONCE: Final = 20
"""Requests under way, so that the server never waits for the client."""
_SERVICE: Final = """
import json, socket, sys
import uvicorn
import keytui

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = json.dumps({"items": [{"id": n, "name": f"booking {n}"} for n in range(20)]}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [
        (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})

with keytui.open_verifier("benchmark") as verifier:
    protected = keytui.KeyMiddleware(app, verifier) if sys.argv[1] == "with" else app
    configuration = uvicorn.Config(protected, log_level="error", access_log=False)
    uvicorn.Server(configuration).run(sockets=[socket.socket(fileno=int(sys.argv[2]))])
"""


def ratios() -> Iterator[Ratio]:
    """CPU seconds of the service a request, protected and recording, beside the bare app."""
    with TemporaryDirectory() as home:
        vault = LocalVault.open(Profile("default", Path(home) / "default", Actor("benchmark")))
        secret = vault.create(KeyDraft("benchmark", "production"), "benchmark").secret.reveal()
        vault.close()
        with _serving("with", home) as protected, _serving("without", home) as bare:
            pairs = [(_cost(protected, secret), _cost(bare, secret)) for _ in range(ROUNDS)]
    ours, theirs = medians(pairs)
    yield Ratio("a request to an ASGI service, checked and recorded", ours, "the same app without keytui", theirs)


@contextmanager
def _serving(kind: str, home: str) -> Iterator[tuple[int, int]]:
    """A service: its process and port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        process = subprocess.Popen(
            (sys.executable, "-c", _SERVICE, kind, str(listening.fileno())),
            pass_fds=(listening.fileno(),),
            env={**os.environ, "KEYTUI_HOME": home},
        )
    try:
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def _cost(service: tuple[int, int], secret: str) -> float:
    """CPU seconds a request of the service's process, over one kept connection; the first tenth only warms up."""
    pid, port = service
    request = (
        f"GET /bookings/8112 HTTP/1.1\r\nhost: service\r\nx-api-key: {secret}\r\nuser-agent: benchmark/1\r\n"
        "accept: */*\r\naccept-encoding: gzip\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        _ask(connection, request, REQUESTS // 10)
        before = _cpu_seconds(pid)
        _ask(connection, request, REQUESTS)
        return (_cpu_seconds(pid) - before) / REQUESTS


def _ask(connection: socket.socket, request: bytes, times: int) -> None:
    """Answers are of one length: the first tells how many bytes are to come."""
    connection.sendall(request)
    answer = connection.recv(65536)
    while not answer.endswith(b"}"):
        answer += connection.recv(65536)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise AssertionError(answer[:40])
    for _ in range(times // _AT_ONCE):
        connection.sendall(request * _AT_ONCE)
        missing = len(answer) * _AT_ONCE
        while missing:
            missing -= len(connection.recv(min(missing, 65536)))


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process, from Linux's /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
