"""Who is asking: nobody gets past it to learn even whether a path exists."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from keytui.domain.access import Principal
from keytui.domain.errors import KeytuiError, Unauthenticated
from keytui.domain.secrets import Secret
from keytui.server.problems import refusal
from keytui.vault.local.vault import LocalVault

GUARDED: Final = "/admin"
PRINCIPAL: Final = "keytui.principal"
"""Where in the scope a request's principal stands once the door has let it in."""

Admit = Callable[[Scope], Awaitable[Principal]]
"""Whose request it is; Unauthenticated for anybody else."""


class Door:
    """Stands before every path under /admin, and lets in whom `admit` knows."""

    def __init__(self, app: ASGIApp, admit: Admit) -> None:
        self.app = app
        self._admit = admit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_guarded(scope):
            try:
                scope[PRINCIPAL] = await self._admit(scope)
            except KeytuiError as error:
                await refusal(error)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def is_guarded(scope: Scope) -> bool:
    """Whether only those who are known may ask for this path."""
    path = scope["path"]
    return bool(path == GUARDED or path.startswith(GUARDED + "/"))


def by_vault(vault: LocalVault) -> Admit:
    """Asks the vault for each request: whoever was revoked a moment ago does not get in."""

    async def admit(scope: Scope) -> Principal:
        token, client = token_of(scope), scope.get("client")
        principal = await run_in_threadpool(vault.authenticate, token, client[0] if client else "") if token else None
        if principal is None:
            raise stranger()
        return principal

    return admit


def token_of(scope: Scope) -> Secret | None:
    """The token that a request carries: `Authorization: Bearer …`, or `X-API-Key`. None without one, or with two."""
    headers = Headers(scope=scope)
    given = [value.partition(" ") for value in headers.getlist("authorization")]
    tokens = [token.strip() for scheme, _, token in given if scheme.lower() == "bearer"]
    tokens += headers.getlist("x-api-key")
    return Secret(tokens[0]) if len(tokens) == 1 and tokens[0] and len(given) <= 1 else None


def stranger() -> Unauthenticated:
    """The same for no token and for every wrong one."""
    return Unauthenticated(
        "the server does not know who is asking",
        "send `Authorization: Bearer TOKEN`; an administrator makes one on the host: keytui operators add NAME",
    )
