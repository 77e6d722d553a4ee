"""A real server that takes webhooks, on this machine's loopback, with or without TLS."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509

from tests.self_signed import self_signed

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
NAME = "hooks.example.test"
PATH = "/hooks/T0/B0"


@dataclass
class Receiver:
    """How it answers (a status and headers each time, the last one for ever), and what it was sent."""

    answers: list[tuple[int, dict[str, str]]] = field(default_factory=lambda: [(204, {})])
    bodies: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    port: int = 0
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{PATH}"

    @property
    def named_url(self) -> str:
        """By a name that no name server knows: a test's own resolver has to."""
        return f"{self.scheme}://{NAME}:{self.port}{PATH}"

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers in self.headers]


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A server until the end of the block."""
    received = Receiver(scheme="http" if tls is None else "https")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            received.paths.append(self.path)
            received.headers.append({name.lower(): value for name, value in self.headers.items()})
            received.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            status, headers = received.answers[0] if len(received.answers) == 1 else received.answers.pop(0)
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the test's own streams."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that does not trust it goes away: a test asks the client and not the server."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        received.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield received
        server.shutdown()
        thread.join()


def certificates(directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server called `NAME` shows, signed by itself, and what a client needs to believe it."""
    made = self_signed(directory, x509.DNSName(NAME))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.shown)
    return server, ssl.create_default_context(cafile=str(made.trusted))
