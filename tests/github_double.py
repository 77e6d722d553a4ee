"""GitHub's secrets of Actions, made from the recorded exchanges: it refuses what the real one refuses."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from nacl.public import PrivateKey, SealedBox

TOKEN: Final = "github_pat_of_a_test"
REPOSITORY: Final = "example/checkout"
ENVIRONMENT: Final = "production/eu"
_PLACES: Final = {
    "/repos/example/checkout/actions/secrets": "",
    "/repos/example/checkout/environments/production%2Feu/secrets": ENVIRONMENT,
}
_BASE64: Final = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})")


@dataclass
class Github:
    """What it holds, as a workflow reads it: by environment ("" is the repository) and name."""

    secrets: dict[tuple[str, str], str] = field(default_factory=dict)
    key_id: str = "012345678912345678"
    private: PrivateKey = field(default_factory=PrivateKey.generate)
    keys_change: int = 0
    """So many times its key is another one as soon as it was told."""
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def told_key(self) -> tuple[str, bytes]:
        """The public key's id and bytes."""
        told = self.key_id, bytes(self.private.public_key)
        if self.keys_change:
            self.keys_change -= 1
            self.key_id, self.private = f"{int(self.key_id) + 1}", PrivateKey.generate()
        return told

    def put(self, place: str, name: str, body: Mapping[str, object]) -> tuple[int, object]:
        """Take a sealed value: 201 for a new name, 204 for one that is there."""
        value = str(body.get("encrypted_value", ""))
        if body.get("key_id") != self.key_id or not _BASE64.fullmatch(value) or name.startswith("GITHUB_"):
            return 422, {"message": "Invalid request", "status": "422"}
        there = (place, name) in self.secrets
        self.secrets[place, name] = SealedBox(self.private).decrypt(base64.b64decode(value)).decode()
        return (204, None) if there else (201, {})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, github: Github) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.github = github
        github.port = self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # the library's name
        place, _, name = self.path.rpartition("/")
        if not self._let_in(place):
            return
        if name != "public-key":
            self._answer(404, {"message": "Not Found", "status": "404"})
            return
        key_id, key = self._github.told_key()
        self._answer(200, {"key_id": key_id, "key": base64.b64encode(key).decode()})

    def do_PUT(self) -> None:  # the library's name
        place, _, name = self.path.rpartition("/")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self._let_in(place):
            self._answer(*self._github.put(_PLACES[place], name, body))

    @property
    def _github(self) -> Github:
        assert isinstance(self.server, _Server)
        return self.server.github

    def _let_in(self, place: str) -> bool:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"message": "Bad credentials", "status": "401"})
        elif not self.headers.get("User-Agent"):
            self._answer(403, {"message": "Request forbidden by administrative rules."})
        elif place not in _PLACES:
            self._answer(404, {"message": "Not Found", "status": "404"})
        else:
            return True
        return False

    def _answer(self, status: int, body: object) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing on the test's own streams."""


@contextmanager
def github() -> Iterator[Github]:
    """A server until the end of the block."""
    found = Github()
    with _Server(found) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        server.shutdown()
        thread.join()
