"""The guide's probe, on a gate; its issuer and its target are held to the contract of all (tests/contract)."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator

import pytest

from keytui.domain.errors import Refused
from keytui.domain.secrets import Secret
from keytui.probes.key_probe import Outcome
from tests.contract.own_connectors import own_probe

KEY, STRANGER = Secret("gh_key" + "0" * 37), Secret("gh_stranger" + "0" * 32)


class Gate(socketserver.StreamRequestHandler):
    """Lets in what is in `lets_in`, and everybody while that is empty."""

    lets_in: frozenset[str] = frozenset({KEY.reveal()})

    def handle(self) -> None:
        known = self.rfile.readline().decode().strip() in self.lets_in or not self.lets_in
        self.wfile.write(b"+" if known else b"-")


@pytest.fixture
def port() -> Iterator[int]:
    with socketserver.TCPServer(("127.0.0.1", 0), Gate) as gate:
        thread = threading.Thread(target=gate.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield gate.server_address[1]
        gate.shutdown()
        thread.join()


def test_the_probe_tells_who_is_let_in(port: int) -> None:
    probe = own_probe(port)
    assert probe.ask(KEY).outcome is Outcome.ACCEPTED
    assert probe.ask(STRANGER).outcome is Outcome.REFUSED
    probe.rehearse(STRANGER)


def test_a_gate_that_lets_everybody_in_proves_nothing(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gate, "lets_in", frozenset())
    with pytest.raises(Refused, match="is not refused"):
        own_probe(port).rehearse(STRANGER)


def test_a_gate_that_is_gone_is_unclear() -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), Gate) as gate:
        gone: int = gate.server_address[1]
    assert own_probe(gone).ask(KEY).outcome is Outcome.UNCLEAR
