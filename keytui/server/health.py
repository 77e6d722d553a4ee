"""`/live`, `/ready` and `/metrics`: what whoever runs the server wants to know. They name no key and no tenant."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from anyio import to_thread

from keytui.domain.access import Operation
from keytui.domain.errors import Forbidden
from keytui.server.asgi import Reply, Request
from keytui.server.metrics import Metrics
from keytui.server.token_book import TokenBook

_NOT_CACHED: Final = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))


async def live(request: Request) -> Reply:
    """The process answers."""
    return Reply(200, b'{"status":"ok"}', _NOT_CACHED)


class Ready:
    """Whether requests can be served: what the process depends on, each `ok` or `unreachable`, and no more of it.

    It says so some seconds after the database went away, when checks are still answered from memory: a balancer then
    asks another server, if there is one.
    """

    def __init__(self, book: TokenBook, closing: Callable[[], bool]) -> None:
        self._book = book
        self._closing = closing

    async def __call__(self, request: Request) -> Reply:
        database = "unreachable" if self._book.silent else "ok"
        ready = database == "ok" and not self._closing()
        answer = {"status": "ready" if ready else "not ready", "dependencies": {"database": database}}
        return Reply(200 if ready else 503, json.dumps(answer).encode(), _NOT_CACHED)


class MetricsPage:
    """Prometheus' page, for whoever may read the whole vault: counts tell a stranger what is worth an attack."""

    def __init__(self, metrics: Metrics, book: TokenBook) -> None:
        self._metrics = metrics
        self._book = book

    async def __call__(self, request: Request) -> Reply:
        principal = self._book.admitted(request.holder, Operation.READ)
        if principal.tenant is not None:
            raise Forbidden("metrics are of all tenants", "ask with a token that is bound to none")
        kind, page = await to_thread.run_sync(self._metrics.page)
        return Reply(200, page, ((b"content-type", kind.encode()),))
