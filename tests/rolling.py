"""A service, consumers that send it requests all the while, and the rolling rotation of their key by commands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol, Self

from dotenv import dotenv_values

from tests.doubles.payload import Payload
from tests.doubles.reserve import ADMIN_KEY, Reserve
from tests.doubles.served import Stage
from tests.redis_server import redis_server
from tests.world import eventually

_OLD: Final = "hk_fkbeylrFQ8r4RuMarSdbpwTjL2rS9y9UGUsJRilEsgg"
_ADMIN: Final = "tk_bdgzvpji29cedw5wzbrpifm2y04370fs"
_CONSUMERS: Final = 4
_TARGET: Final = """
[targets.consumers]
kind = "dotenv"
files = ["{directory}/consumer.env"]
variable = "API_KEY"
"""
_REDIS: Final = """
[issuers.service]
kind = "redis"
url = "unix://{directory}/redis.sock"
"""
_ENVLIST: Final = """
[issuers.service]
kind = "envlist"
file = "{directory}/service.env"
variable = "API_KEYS"
reload = ["touch", "{directory}/restarted"]
"""
_PLATFORM: Final = """
[issuers.service]
kind = "rest"
preset = "{preset}"
url = "{url}"
credential = "file:{{directory}}/credential"
"""
FORCED: Final = ("--force", "--note", "every consumer reads its file for each request")


class Run(Protocol):
    """Runs a command of keytui, and fails when it does."""

    def __call__(self, *words: str) -> object: ...


@dataclass(frozen=True, slots=True)
class Service:
    """What lets a value in, and where its consumers read theirs."""

    tables: str
    """Of `config.toml`."""
    lets_in: Callable[[str], bool]
    consumer: Path


@dataclass(slots=True)
class Requests:
    """Consumers in threads. Each reads its file and asks the service with what stands there, again and again."""

    service: Service
    asked: dict[str, int] = field(default_factory=dict)
    """Requests by the value that was sent."""
    failed: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ends: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(list(self.asked.values()))

    def wait_for_more(self, count: int) -> None:
        """Until so many more were sent, or one failed."""
        enough = self.count + count
        eventually(lambda: self.count >= enough or self.failed, within=120)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._send) for _ in range(_CONSUMERS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_ended: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        while not self._ends.is_set():
            value = "nothing"
            try:
                value = dotenv_values(self.service.consumer)["API_KEY"] or ""
                accepted = self.service.lets_in(value)
            except Exception as error:  # whatever goes wrong is a request that failed
                accepted, value = False, f"{value}: {error!r}"
            with self._lock:
                self.asked[value] = self.asked.get(value, 0) + 1
                if not accepted:
                    self.failed.append(value)


@contextmanager
def redis_service(directory: Path) -> Iterator[Service]:
    """It looks into the set in Redis at each request."""
    with redis_server(directory) as server:
        server.client.sadd("api_keys:active", _OLD)
        with server.client as client:
            yield _service(directory, _REDIS, lambda value: bool(client.sismember("api_keys:active", value)))


@contextmanager
def envlist_service(directory: Path) -> Iterator[Service]:
    """It reads its list when it is told to, by a new time of `restarted`, and not before."""
    listed, restarted = _write(directory / "service.env", f"API_KEYS={_OLD}\n"), _write(directory / "restarted", "")

    @lru_cache(maxsize=1)
    def read(_at: int) -> frozenset[str]:
        return frozenset((dotenv_values(listed)["API_KEYS"] or "").split(","))

    yield _service(directory, _ENVLIST, lambda value: value in read(restarted.stat().st_mtime_ns))


@contextmanager
def payload_service(directory: Path) -> Iterator[Service]:
    """It looks into its documents at each request."""
    platform = Payload()
    platform.add("ours", _ADMIN)
    platform.add("checkout", _OLD, scopeType="read_only")
    with _platform(directory, "payload", platform, _ADMIN) as service:
        yield service


@contextmanager
def reserve_service(directory: Path) -> Iterator[Service]:
    """It looks into its database at each request."""
    platform = Reserve()
    platform.add("checkout", _OLD, ["default"])
    with _platform(directory, "reserve-admin", platform, ADMIN_KEY) as service:
        yield service


@contextmanager
def _platform(directory: Path, preset: str, platform: Payload | Reserve, credential: str) -> Iterator[Service]:
    _write(directory / "credential", credential)
    with Stage() as stage:
        yield _service(directory, _PLATFORM.format(preset=preset, url=stage.serve(platform)), platform.accepts)


Maker = Callable[[Path], AbstractContextManager[Service]]
SERVICES: Final[Mapping[str, Maker]] = {
    "redis": redis_service,
    "envlist": envlist_service,
    "payload": payload_service,
    "reserve-admin": reserve_service,
}


def key_to_rotate(names: Sequence[str]) -> str:
    """The one that the consumers use, of those that came in: a platform lists its administrator's own as well."""
    return "checkout" if "checkout" in names else names[0]


def rotated_under_requests(keytui: Run, service: Service, key: str, each: int) -> Requests:
    """Rotate, retire and complete `key`; before, between and after them at least `each` requests are sent."""
    with Requests(service) as requests:
        for words in (("rotate", key), ("retire", key, *FORCED), ("complete", key, *FORCED)):
            requests.wait_for_more(each)
            keytui(*words)
        requests.wait_for_more(each)
    return requests


def _service(directory: Path, issuer: str, lets_in: Callable[[str], bool]) -> Service:
    consumer = _write(directory / "consumer.env", f"PORT=1\nAPI_KEY={_OLD}\n")
    return Service((issuer + _TARGET).format(directory=directory), lets_in, consumer)


def _write(path: Path, text: str) -> Path:
    path.touch(0o600)
    path.write_text(text)
    return path
