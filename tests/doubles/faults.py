"""Faults that strike one call of a double: each of them something that a network or a platform really does."""

from __future__ import annotations

from enum import StrEnum

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.doubles.http import messages


class Fault(StrEnum):
    BUSY = "503 before anything was done"
    SILENT = "does it, and never answers"
    CUT = "does it, and the line goes down in its answer"
    JUNK = "does it, and answers with something else"
    AWAY = "sends elsewhere"
    FLOOD = "does it, and its answer does not end"


class Faulty:
    """Stands before a double. `strike` arms one fault for the next call with this method."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._armed: dict[str, list[Fault | None]] = {}

    def strike(self, method: str, fault: Fault) -> None:
        self._armed[method] = [fault]

    def strike_after(self, method: str, fault: Fault, passing: int) -> None:
        """After so many calls have passed."""
        self._armed[method] = [*[None] * passing, fault]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        armed = self._armed.get(scope["method"])
        fault = armed.pop(0) if armed else None
        if fault in (Fault.BUSY, Fault.AWAY):
            elsewhere = {"Location": "https://elsewhere.example.com/"} if fault is Fault.AWAY else {}
            for message in messages(308 if fault is Fault.AWAY else 503, b"{}", elsewhere):
                await send(message)
        elif fault is None:
            await self.app(scope, receive, send)
        else:
            await self.app(scope, receive, _unsaid)
            await _end(fault, receive, send)


async def _unsaid(_message: Message) -> None:
    """Nobody hears the answer."""


async def _end(fault: Fault, receive: Receive, send: Send) -> None:
    if fault is Fault.SILENT:
        while (await receive())["type"] != "http.disconnect":
            pass
    elif fault is Fault.CUT:
        start, body = messages(200, b'{"doc": {')
        start["headers"] = [(b"content-length", b"1000")]
        await send(start)
        await send(body)
    elif fault is Fault.FLOOD:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(32):
            await send({"type": "http.response.body", "body": b" " * 1024 * 1024, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    else:
        for message in messages(200, b"<html>It works!</html>"):
            await send(message)
