"""`GET /admin/events`: who is told what, when a stream ends, and that five hundred of them cost no threads."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import httpx
import pytest

from keytui.domain.access import MANAGE_SCOPE, Role
from keytui.domain.keys import KeyDraft
from keytui.domain.operators import OperatorDraft
from keytui.domain.rotation import Reason
from keytui.server.events import MOST_STREAMS
from keytui.vault.local.vault import LocalVault
from tests.end_to_end.team_server import TeamServer, bearer, beside, key, service_token, team_server, token, verify
from tests.world import eventually

MANY = 500


class Following:
    """One console's stream, read as it comes and without a thread."""

    def __init__(self, server: TeamServer, token: str, query: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port))
        self._socket.sendall(
            f"GET /admin/events{query} HTTP/1.1\r\nhost: keytui\r\nauthorization: Bearer {token}\r\n\r\n".encode()
        )
        self._socket.setblocking(False)
        self._read = b""
        self.ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_ended: object) -> None:
        self._socket.close()

    def read(self) -> bytes:
        """Everything that has come so far."""
        try:
            while not self.ended:
                part = self._socket.recv(65536)
                self._read += part
                self.ended = not part or self._read.endswith(b"0\r\n\r\n")
        except BlockingIOError:
            pass
        return self._read

    def began(self) -> bool:
        return b"event: changes" in self.read()

    def over(self) -> bool:
        self.read()
        return self.ended

    def told_of(self) -> set[str]:
        """The keys that it was told of."""
        lines = [line for line in self.read().decode().splitlines() if line.startswith("data: ")]
        return {key_id for line in lines for key_id in json.loads(line.removeprefix("data: "))["key_ids"]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamServer]:
    with team_server(tmp_path_factory.mktemp("events")) as running:
        yield running


@pytest.fixture
def vault(server: TeamServer) -> Iterator[LocalVault]:
    with beside(server.home) as opened:
        yield opened


def test_a_stream_tells_of_its_own_tenants_keys_alone(server: TeamServer, vault: LocalVault) -> None:
    everything = token(server.home, OperatorDraft("all", Role.STAFF))
    blue = token(server.home, OperatorDraft("blue", Role.STAFF, "blue"))
    with Following(server, everything) as wide, Following(server, blue) as narrow:
        eventually(lambda: b"event: changes" in wide.read() and b"event: changes" in narrow.read())
        told = narrow.read().count(b"event: changes")
        red = key(server.home, "red", "red").key.id
        eventually(lambda: red in wide.told_of())
        assert narrow.read().count(b"event: changes") == told  # not even that there was something
        own = key(server.home, "own", "blue").key.id
        took = eventually(lambda: own in narrow.told_of() and own in wide.told_of())
        assert red not in narrow.told_of()
        assert took < 1.0


def test_a_stream_tells_of_its_tenants_entries_that_name_no_key(server: TeamServer, vault: LocalVault) -> None:
    green = token(server.home, OperatorDraft("green", Role.STAFF, "green"))
    with Following(server, green) as stream:
        eventually(lambda: b"event: changes" in stream.read())
        told = stream.read().count(b"event: changes")
        vault.add_operator(OperatorDraft("green-too", Role.STAFF, "green"))
        eventually(lambda: stream.read().count(b"event: changes") > told)


def test_a_token_follows_so_often_and_no_oftener(server: TeamServer) -> None:
    greedy, other = (token(server.home, OperatorDraft(name, Role.STAFF)) for name in ("greedy", "other"))
    with ExitStack() as opened:
        for _ in range(MOST_STREAMS):
            eventually(opened.enter_context(Following(server, greedy)).began)
        refused = httpx.get(f"{server.url}/admin/events", headers=bearer(greedy))
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "15")
        with Following(server, other) as stream:
            eventually(lambda: b"event: changes" in stream.read())


def test_a_stream_goes_on_where_it_was_broken_off(server: TeamServer, vault: LocalVault) -> None:
    operator = token(server.home, OperatorDraft("again", Role.STAFF))
    before = vault.changes(0, 0).position
    missed = key(server.home, "missed").key.id
    with Following(server, operator, f"?after={before}") as stream:
        eventually(lambda: missed in stream.told_of())


def test_nothing_is_told_while_nothing_moves_and_use_is(server: TeamServer, vault: LocalVault) -> None:
    operator, secret = token(server.home, OperatorDraft("quiet", Role.STAFF)), key(server.home, "quiet").secret.reveal()
    service = service_token(server.home, "quiet-service")
    with Following(server, operator) as stream:
        eventually(lambda: verify(server, service, secret).status_code == 200)
        last_used = vault.changes(0, 0).usage_as_of or datetime.now(UTC)
        flushed = last_used + timedelta(seconds=5)  # several flushes later, all but the first of them empty
        eventually(lambda: (vault.changes(0, 0).usage_as_of or last_used) > flushed, within=20)
        ticks = stream.read().count(b"event: changes")
        eventually(lambda: (vault.changes(0, 0).usage_as_of or last_used) > flushed + timedelta(seconds=1), within=20)
        assert stream.read().count(b"event: changes") == ticks
        verify(server, service, secret)
        eventually(lambda: stream.read().count(b"event: changes") > ticks)


def test_a_revoked_token_ends_its_stream_within_a_second(server: TeamServer, vault: LocalVault) -> None:
    revoked = token(server.home, OperatorDraft("leaver", Role.STAFF))
    staying = token(server.home, OperatorDraft("stayer", Role.STAFF))
    with Following(server, revoked) as one, Following(server, staying) as other:
        eventually(lambda: b"event: changes" in one.read() and b"event: changes" in other.read())
        vault.revoke_operator("leaver", "a test")
        assert eventually(one.over) < 1.0
        assert not other.over()


def test_an_api_key_that_was_revoked_ends_its_stream(server: TeamServer, vault: LocalVault) -> None:
    issued = vault.create(KeyDraft("manager", "production", scopes=(MANAGE_SCOPE,), tenant="blue"), "manager")
    with Following(server, issued.secret.reveal()) as stream:
        eventually(lambda: b"event: changes" in stream.read())
        vault.revoke(issued.key.id, None, Reason.COMPROMISE, "a test")
        assert eventually(stream.over) < 1.0


def test_an_expired_token_ends_its_stream(server: TeamServer) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=3)
    expiring = token(server.home, OperatorDraft("guest", Role.STAFF, expires_at=soon))
    with Following(server, expiring) as stream:
        eventually(lambda: b"event: changes" in stream.read())
        eventually(stream.over)
        assert datetime.now(UTC) - soon < timedelta(seconds=1)


def test_many_streams_cost_no_threads_and_end_with_the_server(tmp_path: Path) -> None:
    operators = [
        token(tmp_path, OperatorDraft(f"wall-{number}", Role.STAFF)) for number in range(MANY // MOST_STREAMS + 1)
    ]
    with team_server(tmp_path) as server, ExitStack() as opened:
        with Following(server, operators[0]) as first:
            eventually(lambda: b"event: changes" in first.read())
            before = _threads(server)
        streams = [opened.enter_context(Following(server, operators[number // MOST_STREAMS])) for number in range(MANY)]
        eventually(lambda: all(b"event: changes" in stream.read() for stream in streams), within=30)
        assert _threads(server) <= before + 40  # FastAPI's pool, however many streams there are
        told = key(tmp_path).key.id
        eventually(lambda: all(told in stream.told_of() for stream in streams), within=10)
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: all(stream.over() for stream in streams), within=10)
        assert server.process.wait(10) == 0


def _threads(server: TeamServer) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("Threads:")).split()[1])
