"""What the doubles share: a request that is read, and an answer in JSON."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl

from starlette.types import Message, Receive, Scope, Send

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Heard:
    """One request, read whole."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Json

    @property
    def cookies(self) -> Mapping[str, str]:
        return {name: morsel.value for name, morsel in SimpleCookie(self.headers.get("cookie", "")).items()}


@dataclass(frozen=True, slots=True)
class Said:
    """One answer."""

    status: int
    body: object
    headers: Mapping[str, str] = field(default_factory=dict)


class Double(ABC):
    """An ASGI application that answers as `answer` says, and remembers what it heard."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []

    @abstractmethod
    def answer(self, heard: Heard) -> Said:
        """What a request is answered with."""

    def changes(self) -> list[str]:
        """Method and path of everything that was to change something."""
        return [f"{heard.method} {heard.path}" for heard in self.heard if heard.method != "GET"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        heard = await _hear(scope, receive)
        self.heard.append(heard)
        said = self.answer(heard)
        for message in messages(said.status, json.dumps(said.body).encode(), said.headers):
            await send(message)


def messages(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> tuple[Message, Message]:
    """An answer as ASGI sends it."""
    told = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(body)), **(headers or {})}
    pairs = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    return (
        {"type": "http.response.start", "status": status, "headers": pairs},
        {"type": "http.response.body", "body": body},
    )


async def _hear(scope: Scope, receive: Receive) -> Heard:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    read = json.loads(body) if body else {}
    return Heard(
        scope["method"],
        scope["path"],
        dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
        {name.decode().lower(): value.decode() for name, value in scope["headers"]},
        read if isinstance(read, dict) else {},
    )
