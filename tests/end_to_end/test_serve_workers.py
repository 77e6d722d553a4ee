"""Several workers and several servers on one vault: what one of them learns, all of them know, and none is missed."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from keytui.domain.gaps import GapKind
from keytui.domain.rotation import Reason
from tests.end_to_end.team_server import TeamServer, bearer, beside, key, service_token, team_server, verify
from tests.postgresql import vault_database
from tests.self_signed import LOOPBACK, self_signed
from tests.world import eventually

CONNECTIONS = 8
"""So many that the kernel gives some to every worker."""
_PAUSE = 0.01
"""Seconds between two requests of one connection: enough to be in the way of whatever happens to the server."""


class Clients:
    """Services that keep asking, each over a connection of its own; they count what they were told."""

    def __init__(self, server: TeamServer, token: str, secret: str) -> None:
        self._server = server
        self._question = {"secret": secret, "caller": {"name": "clients"}}
        self._headers = bearer(token)
        self._stopping = threading.Event()
        self.accepted = [0] * CONNECTIONS
        self.unanswered = 0
        self.answers: dict[int, str] = {}
        """The newest answer of each connection."""
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(CONNECTIONS)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_ended: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(20)

    def _ask(self, number: int) -> None:
        with httpx.Client(headers=self._headers, timeout=10) as client:
            while not self._stopping.wait(_PAUSE):
                try:
                    answer = client.post(f"{self._server.url}/v1/verify", json=self._question)
                except httpx.ConnectError:
                    self.answers[number] = "nobody there"
                except httpx.TransportError:
                    self.unanswered += 1
                else:
                    told = answer.json()
                    self.answers[number] = told.get("outcome", str(answer.status_code))
                    self.accepted[number] += self.answers[number] == "accepted"

    def all_are_told(self, *what: str) -> bool:
        return len(self.answers) == CONNECTIONS and set(self.answers.values()) <= set(what)


def recorded(home: Path, key_id: str) -> int:
    with beside(home) as vault:
        return sum(use.accepted for use in vault.callers(key_id))


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A home whose default vault is on one database or the other."""
    if request.param == "SQLite":
        yield tmp_path
        return
    with vault_database(tmp_path / "default"):
        yield tmp_path


def test_every_worker_of_every_server_refuses_within_a_second(home: Path) -> None:
    issued, token = key(home), service_token(home)
    with (
        team_server(home, "--workers", "2") as one,
        team_server(home, "--workers", "2") as other,
        Clients(one, token, issued.secret.reveal()) as here,
        Clients(other, token, issued.secret.reveal()) as there,
    ):
        eventually(_both(here, there, "accepted"), within=20)
        with beside(home) as vault:
            vault.revoke(issued.key.id, None, Reason.COMPROMISE, "a test")
            took = eventually(_both(here, there, "revoked"))
            vault.revoke_operator("checkout", "a test")
            then = eventually(_both(here, there, "401", "429"))
    assert max(took, then) < 1.0


def recorders(server: TeamServer) -> list[str]:
    """The processes that have told the vault of themselves."""
    with closing(sqlite3.connect(f"file:{server.home}/default/vault.db?mode=ro", uri=True)) as database:
        return [row[0] for row in database.execute("SELECT id FROM recorders")]


def _both(here: Clients, there: Clients, *what: str) -> Callable[[], bool]:
    return lambda: here.all_are_told(*what) and there.all_are_told(*what)


def test_a_stop_under_load_loses_no_use(tmp_path: Path) -> None:
    issued, token = key(tmp_path), service_token(tmp_path)
    with team_server(tmp_path, "--workers", "2") as server:
        with Clients(server, token, issued.secret.reveal()) as clients:
            eventually(lambda: min(clients.accepted) > 20, within=20)
            assert server.stop() == 0
            eventually(lambda: clients.all_are_told("nobody there"))
        assert recorded(tmp_path, issued.key.id) >= sum(clients.accepted)
        assert recorded(tmp_path, issued.key.id) <= sum(clients.accepted) + clients.unanswered
    with beside(tmp_path) as vault:
        (source,) = vault.sources()
    assert source.gaps == ()


def test_a_stop_does_not_wait_for_a_client_that_keeps_its_connection(tmp_path: Path) -> None:
    made = self_signed(tmp_path, LOOPBACK)
    trusted = ssl.create_default_context(cafile=made.trusted)
    with (
        team_server(tmp_path, settings=["stop_within = 60"], tls=made) as server,
        httpx.Client(verify=trusted, timeout=10) as client,
    ):
        assert client.get(f"{server.url}/live").status_code == 200
        assert server.stop(within=25) == 0


def test_a_worker_that_was_killed_is_begun_again_and_leaves_a_gap(tmp_path: Path) -> None:
    issued, token = key(tmp_path), service_token(tmp_path)
    with team_server(tmp_path, "--workers", "2") as server:
        eventually(lambda: len(server.workers()) == 2)
        eventually(lambda: len(recorders(server)) == 2, within=20)
        killed = server.workers()[0]
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: len(recorders(server)) == 3, within=20)
        assert verify(server, token, issued.secret.reveal()).json()["valid"]
        assert killed not in server.workers()
        assert f"worker {killed} ended (SIGKILL) and is begun again" in server.log
        with beside(tmp_path) as vault:
            eventually(lambda: [gap.kind for gap in vault.sources()[0].gaps] == [GapKind.UNCLEAN_END], within=20)


def test_a_database_that_goes_away_and_comes_back_is_said_and_survived(tmp_path: Path) -> None:
    issued, token = key(tmp_path), service_token(tmp_path)
    database, aside = tmp_path / "default" / "vault.db", tmp_path / "default" / "aside.db"
    with team_server(tmp_path) as server:
        eventually(lambda: verify(server, token, issued.secret.reveal()).json().get("valid"))
        database.rename(aside)
        eventually(lambda: not server.ready(), within=10)
        assert httpx.get(f"{server.url}/live").status_code == 200
        assert httpx.get(f"{server.url}/admin/keys", headers=bearer(token)).status_code == 503
        assert verify(server, token, issued.secret.reveal()).json()["valid"]  # from memory, for 30 seconds
        aside.rename(database)
        eventually(server.ready, within=10)
        assert server.stop() == 0
    assert recorded(tmp_path, issued.key.id) >= 2


def test_it_stops_in_order_while_its_database_is_away(tmp_path: Path) -> None:
    token = service_token(tmp_path)
    database, aside = tmp_path / "default" / "vault.db", tmp_path / "default" / "aside.db"
    with team_server(tmp_path) as server:
        eventually(lambda: verify(server, token, "x").status_code == 200)
        database.rename(aside)
        eventually(lambda: not server.ready(), within=10)
        assert server.stop() == 0
        aside.rename(database)
    assert "Traceback" not in server.log
    assert "their leases run out" in server.log
    assert "POST /v1/verify" in server.log  # what was noted last is written after all that failed


def test_a_second_signal_stops_at_once(tmp_path: Path) -> None:
    token = service_token(tmp_path)
    head = f"POST /v1/verify HTTP/1.1\r\nhost: keytui\r\nauthorization: Bearer {token}\r\ncontent-length: 99\r\n\r\n{{"
    with team_server(tmp_path) as server, socket.create_connection(("127.0.0.1", server.port)) as unfinished:
        unfinished.sendall(head.encode())
        assert server.ready()  # it has read what came before
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: not server.ready())
        assert server.process.poll() is None  # it waits for the request that is under way
        assert server.stop(within=5) == 128 + signal.SIGTERM
