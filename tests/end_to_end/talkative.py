"""Systems around a key that tell everybody what they were told: in their errors, on their output, to their children."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.doubles.payload import Payload

HAND_MADE: Final = "tk_r1b6o4k0wq8s2h5jd7f3mz9xt1c6v0ne"
PASSWORD: Final = "right horse battery"
TELLING: Final = frozenset({b"x-api-key", b"cookie"})
"""Headers that are repeated first: what is told of an error is cut somewhere."""
TAKE: Final = """#!{python} -IS
import os, pathlib, sys
home, world = pathlib.Path({home!r}), pathlib.Path({world!r})
with (home / "spied").open("ab") as spied:
    spied.write(pathlib.Path("/proc/self/cmdline").read_bytes() + pathlib.Path("/proc/self/environ").read_bytes())
    spied.write(pathlib.Path(f"/proc/{{os.getppid()}}/cmdline").read_bytes())
secret = sys.stdin.read()
if (world / "down").exists():
    print("no room for", secret)
    sys.exit(f"no room for {{secret}}")
(world / "taken").write_text(secret)
"""


def taking_program(path: Path, home: Path, world: Path) -> None:
    """A consumer's program: it notes in the home how it was called, and repeats what it read where it fails."""
    path.write_text(TAKE.format(python=sys.executable, home=str(home), world=str(world)))
    path.chmod(0o700)


@dataclass
class Talkative:
    """The booking engine and a consumer's webhook at one address.

    Calls that are `struck`, by method and beginning of the path, are answered with all that was heard, in an error.
    """

    engine: Payload = field(default_factory=Payload)
    struck: set[tuple[str, str]] = field(default_factory=set)
    status: int = 500
    late: bool = False
    """Whether it has done by then what was asked for."""
    secrets: set[str] = field(default_factory=lambda: {HAND_MADE, PASSWORD})
    """Every secret that it was ever told, or has told."""
    told: int = 0
    """How often it has repeated a request."""

    def __post_init__(self) -> None:
        self.engine.add("bookings", HAND_MADE, scopeType="read_only")

    def strike(self, *calls: tuple[str, str], status: int = 500, late: bool = False) -> None:
        """From now on these, and no others."""
        self.struck, self.status, self.late = set(calls), status, late

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        self._learn(body)
        struck = any(scope["method"] == method and scope["path"].startswith(path) for method, path in self.struck)
        if not struck:
            await self._application(scope["path"])(scope, _again(body), send)
            return
        if self.late:
            await self._application(scope["path"])(scope, _again(body), _unheard)
        headers: Sequence[tuple[bytes, bytes]] = sorted(scope["headers"], key=lambda pair: pair[0] not in TELLING)
        heard = b"\n".join([body, *(b": ".join(pair) for pair in headers), scope["query_string"]]).decode()
        self.told += 1
        said = json.dumps({"errors": [{"message": f"cannot {heard}"}], "error": heard})
        await Response(said, self.status, {"X-Error": json.dumps(heard)}, "application/json")(scope, receive, send)

    def _application(self, path: str) -> ASGIApp:
        return Response(status_code=204) if path == "/hook" else self.engine

    def _learn(self, body: bytes) -> None:
        read = json.loads(body) if body else {}
        told = (read.get("key"), read.get("data", {}).get("secret"))
        self.secrets.update(value for value in told if isinstance(value, str))


def _again(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _unheard(_message: Message) -> None:
    """Nobody hears the answer."""
