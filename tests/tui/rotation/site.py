"""A site around a key, for the wizard to meet: a .env file, a command that can be down, a system that lets keys in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Self

TABLES = """
[targets.web]
kind = "dotenv"
files = ["{home}/web.env"]
variable = "API_KEY"

[targets.ci]
kind = "command"
command = ["{home}/take", "{{version}}"]
"""
PROBE = """
[probes.ready]
kind = "http"
url = "{url}/ready"
header = "x-api-key"
keys = ["checkout-api"]
"""
TAKE = """#!/bin/sh
cd "${0%/*}" || exit 2
tries=0
while [ -e held ] && [ $tries -lt 300 ]; do tries=$((tries + 1)); sleep 0.05; done
[ -e down ] && exit 1
cat > taken
"""


@dataclass
class System:
    """Lets in what looks like a key of ours, but for those that it was told to refuse. It notes what it was asked."""

    refused: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        system = self

        class Door(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                key = self.headers.get("x-api-key", "")
                system.asked.append(key)
                let_in = key.startswith("tk_") and key not in system.refused
                self.send_response(HTTPStatus.OK if let_in else HTTPStatus.UNAUTHORIZED)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's own word
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_ended: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class Site:
    """The files of a home with two targets: `web`, which can be read and put back, and `ci`, which cannot."""

    home: Path

    def write(self, *tables: str) -> None:
        """The configuration, and the places that it names. The consumer of `web` has v1 by now."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        self.file("config.toml", TABLES.format(home=self.home) + "".join(tables))
        self.file("take", TAKE)
        (self.home / "take").chmod(0o700)

    def file(self, name: str, text: str) -> None:
        path = self.home / name
        path.touch(0o600)
        path.write_text(text)

    @property
    def web(self) -> str:
        """What the consumer of the .env file has."""
        found = re.search(r"^API_KEY='?([^'\n]*)", (self.home / "web.env").read_text(), re.MULTILINE)
        return found[1] if found else ""

    @property
    def ci(self) -> str:
        """What the command was given."""
        taken = self.home / "taken"
        return taken.read_text() if taken.exists() else ""

    def down(self, *, is_down: bool = True) -> None:
        """Let the command fail, or work again."""
        (self.home / "down").touch() if is_down else (self.home / "down").unlink()
