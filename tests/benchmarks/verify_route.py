"""`POST /v1/verify`, checked and recorded, beside a bare `async def` route of FastAPI that answers the same bytes.

Both servers run at once with the same number of workers, and are asked in turns over the same number of connections, so
that whatever else the machine does meets both. One request is under way on each connection, as from a service's pool.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from keytui.domain.access import Operation, Role
from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.domain.operators import OperatorDraft
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.benchmarks.ratio import Ratio

ROUNDS: Final = 7
REQUESTS: Final = 4_000
CONNECTIONS: Final = 16
WORKERS: Final = 1
"""More of them than cores would measure the kernel's scheduling."""
_BARE: Final = """
import socket, sys
import fastapi, uvicorn

app = fastapi.FastAPI()

@app.post("/v1/verify")
async def verify():
    return ANSWER

configuration = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")
uvicorn.Server(configuration).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
"""


@dataclass(frozen=True, slots=True)
class Round:
    """One server, asked for a while. All in seconds."""

    wall: float
    cpu: float
    p99: float


def ratios() -> Iterator[Ratio]:
    """Time a request of both, as many are served a second, as the processors spend, and as the slowest wait."""
    with TemporaryDirectory() as home:
        token, secret, answer = _vault(Path(home))
        question = json.dumps(
            {"secret": secret, "scopes": ["read"], "caller": {"name": "checkout"}, "route": "/orders"}
        )
        request = (
            f"POST /v1/verify HTTP/1.1\r\nhost: keytui\r\nauthorization: Bearer {token}\r\naccept: */*\r\n"
            f"content-type: application/json\r\ncontent-length: {len(question)}\r\n\r\n{question}"
        ).encode()
        with _keytui(home) as ours, _bare(answer) as theirs:
            pairs = [(_asked(ours, request), _asked(theirs, request)) for _ in range(ROUNDS + 1)][1:]
    bare = "a bare async FastAPI route with the same answer"
    for what, part in (("served", "wall"), ("CPU time", "cpu"), ("p99", "p99")):
        mine, other = ([getattr(side, part) for side in sides] for sides in zip(*pairs, strict=True))
        yield Ratio(f"POST /v1/verify, recorded: {what} a request", median(mine), bare, median(other))


def _vault(home: Path) -> tuple[str, str, dict[str, object]]:
    """A service's token, a key's secret, and what is answered to it."""
    vault = LocalVault.open(Profile("default", home / "default", Actor("benchmark")))
    issued = vault.create(KeyDraft("benchmark", "production", scopes=("read",)), "benchmark")
    service = vault.add_operator(OperatorDraft("checkout", Role.SERVICE, scopes=frozenset({Operation.VERIFY})))
    vault.close()
    answer: dict[str, object] = {
        "valid": True,
        "outcome": "accepted",
        "key_id": issued.key.id,
        "key_name": issued.key.name,
        "version": 1,
        "scopes": ["read"],
    }
    return service.token.reveal(), issued.secret.reveal(), answer


@contextmanager
def _keytui(home: str) -> Iterator[tuple[int, int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = (Path(sys.executable).with_name("keytui"), "serve", "--port", str(port), "--workers", str(WORKERS))
    with (Path(home) / "log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, "KEYTUI_HOME": home}, stderr=log)
    try:
        _wait_for(port)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _bare(answer: dict[str, object]) -> Iterator[tuple[int, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        process = subprocess.Popen(
            (sys.executable, "-c", _BARE.replace("ANSWER", repr(answer)), str(listening.fileno())),
            pass_fds=(listening.fileno(),),
        )
    try:
        _wait_for(port)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _asked(server: tuple[int, int], request: bytes) -> Round:
    pid, port = server
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    waits: list[float] = []
    sent: dict[int, float] = {}
    length = _length(connections[0], request)
    ready = select.epoll()
    by_number = {connection.fileno(): connection for connection in connections}
    missing = dict.fromkeys(by_number, length)
    for number in by_number:
        ready.register(number, select.EPOLLIN)
    cpu, began = _cpu_seconds(pid), time.perf_counter()
    try:
        for number, connection in by_number.items():
            sent[number] = time.perf_counter()
            connection.sendall(request)
        while len(waits) < REQUESTS:
            for number, _ in ready.poll():
                missing[number] -= len(by_number[number].recv(65536))
                if missing[number] > 0:
                    continue
                now = time.perf_counter()
                waits.append(now - sent[number])
                sent[number], missing[number] = now, length
                by_number[number].sendall(request)
        wall, spent = time.perf_counter() - began, _cpu_seconds(pid) - cpu
    finally:
        ready.close()
        for connection in connections:
            connection.close()
    waits.sort()
    return Round(wall / len(waits), spent / len(waits), waits[len(waits) * 99 // 100])


def _length(connection: socket.socket, request: bytes) -> int:
    """Bytes of an answer: each is as long as the first."""
    connection.sendall(request)
    answer = b""
    while not answer.endswith(b"}"):
        answer += connection.recv(65536)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise AssertionError(answer[:200])
    return len(answer)


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process, from Linux's /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
