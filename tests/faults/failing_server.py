"""A real server that fails at the n-th request, and the line to it, which is cut at any byte."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keytui.server.problems import fault, plain_problem
from tests.cutting import CuttingLine

HTML: Final = b"<html><h1>503 Service Unavailable</h1></html>"


class Way(StrEnum):
    """What becomes of a request."""

    REFUSED = "cut before it is heard"
    HALF_ASKED = "cut in its middle"
    LOST = "carried out, and cut before the answer"
    HALF = "carried out, and cut in the middle of the answer"
    FAULT = "carried out, and then 500"
    BUSY = "429, nothing was done"
    AWAY = "503 with Retry-After, from what stands between"
    HELD = "carried out, and never answered"


CUTS: Final = {
    Way.REFUSED: (0, None),
    Way.HALF_ASKED: (150, None),
    Way.LOST: (None, 0),
    Way.HALF: (None, 200),
}
"""After how many bytes of what is asked, or of what is answered."""


class FailingServer:
    """Stands before the application, and behind the line."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._under_way = 0
        self._ways: deque[Way | None] = deque()

    def fail(self, line: CuttingLine, *ways: Way) -> None:
        """Let the next requests go wrong, one after the other, and those after them well."""
        self._ways = deque(None if way in CUTS else way for way in ways if way not in {Way.REFUSED, Way.HALF_ASKED})
        line.cut(times=0)
        for way in ways:
            if way in CUTS:
                asked, answered = CUTS[way]
                line.cut(asked=asked, answered=answered)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._under_way += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            self._under_way -= 1

    @property
    def quiet(self) -> bool:
        """Whether no request is being carried out."""
        return self._under_way == 0

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        way = self._ways.popleft() if self._ways else None
        if way is None:
            await self.app(scope, receive, send)
            return
        if way in {Way.FAULT, Way.HELD}:
            await self.app(scope, receive, _unsaid)
        if way is Way.HELD:
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        await _ANSWERS[way]()(scope, receive, send)


_ANSWERS: Final[dict[Way, Callable[[], Response]]] = {
    Way.FAULT: fault,
    Way.BUSY: lambda: plain_problem(429, "too many requests", "wait", {"Retry-After": "30"}),
    Way.AWAY: lambda: Response(HTML, 503, {"Retry-After": "5"}, "text/html"),
}


async def _unsaid(_message: Message) -> None:
    """Nobody hears the answer."""
