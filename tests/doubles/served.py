"""A process's one server before a double: starting one takes longer than most tests."""

from __future__ import annotations

from typing import Self

from starlette.types import ASGIApp, Receive, Scope, Send

from tests.serving import Serving


class Stage:
    """Serves whatever stands on it at one address, and can be gone for a while."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._serving = Serving(self)
        self._runs = False
        self.url = self._serving.url

    def serve(self, app: ASGIApp) -> str:
        """Stand before this one from now on; the address of it."""
        self._app = app
        if not self._runs:
            self._serving.start()
        self._runs = True
        return self.url

    def stop(self) -> None:
        """End; nobody listens at the address until something is served again."""
        self._serving.stop()
        self._runs = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_ended: object) -> None:
        self.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._app is not None
        await self._app(scope, receive, send)
