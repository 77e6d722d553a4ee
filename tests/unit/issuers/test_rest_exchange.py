"""One exchange with a platform: over TLS to whom it trusts, within its time, and clear about what can have arrived."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_server, socket

import pytest

from keytui.domain.errors import KeytuiError, OutcomeUnknown, Unreachable
from keytui.issuers.rest.exchange import Exchange, Question
from tests.dripping import dripping
from tests.self_signed import LOOPBACK, SelfSigned, self_signed

CHANGE = Question("POST", "/keys", changes=True)


class Created(BaseHTTPRequestHandler):
    """Says yes to everything."""

    asked: list[str]

    def do_POST(self) -> None:
        self.asked.append(self.path)
        self.send_response(201)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_told: object) -> None:
        """Not on the terminal."""


@pytest.fixture
def certificate(tmp_path: Path) -> SelfSigned:
    return self_signed(tmp_path, LOOPBACK)


@pytest.fixture
def platform(certificate: SelfSigned) -> Iterator[ThreadingHTTPServer]:
    """Over TLS, with a certificate that nobody knows."""
    Created.asked = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.shown)
    with ThreadingHTTPServer(("127.0.0.1", 0), Created) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


def exchange_with(port: int, scheme: str = "http", seconds: float = 5) -> Exchange:
    return Exchange("platform", f"{scheme}://127.0.0.1:{port}", timedelta(seconds=seconds))


def test_a_certificate_that_nobody_vouches_for_gets_nothing(platform: ThreadingHTTPServer) -> None:
    with pytest.raises(Unreachable, match=r"issuer platform cannot be reached: .*certificate verify failed") as untold:
        exchange_with(platform.server_port, "https").ask(CHANGE, {})
    assert not isinstance(untold.value, OutcomeUnknown)
    assert not Created.asked


def test_a_trusted_one_is_asked(
    platform: ThreadingHTTPServer, certificate: SelfSigned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.trusted))
    assert exchange_with(platform.server_port, "https").ask(CHANGE, {}).status == 201
    assert Created.asked == ["/keys"]


@pytest.mark.parametrize("beginning", [b"H", b"HTTP/1.1 200 OK\r\n\r\n"])
@pytest.mark.parametrize(("changes", "said"), [(False, Unreachable), (True, OutcomeUnknown)])
def test_an_answer_that_drips_in_has_an_end(beginning: bytes, changes: bool, said: type[KeytuiError]) -> None:
    """Also one without a length, which ends where its connection does, or where we cut it."""
    pieces = [beginning]

    def drip(connection: socket) -> None:
        connection.sendall(pieces.pop() if pieces else b"x")
        time.sleep(0.02)

    with dripping(drip) as port, pytest.raises(said, match="does not end its answer in time") as late:
        exchange_with(port, seconds=0.5).ask(Question("POST", "/keys", changes=changes), {})
    assert type(late.value) is said


def test_a_change_that_could_not_be_sent_did_not_happen() -> None:
    with create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(Unreachable, match="cannot be reached") as unsent:
        exchange_with(port).ask(CHANGE, {})
    assert not isinstance(unsent.value, OutcomeUnknown)


def test_loopback_is_asked_past_a_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would get the credential in the clear."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with ThreadingHTTPServer(("127.0.0.1", 0), Created) as server:
        Created.asked = []
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert exchange_with(server.server_port).ask(CHANGE, {}).status == 201
        thread.join(10)
