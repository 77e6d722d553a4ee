"""Who is asking: nobody gets past it to learn even whether a path exists."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from starlette.concurrency import run_in_threadpool
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
        token, client = Secret(token_of(scope["headers"])), scope.get("client")
        principal = await run_in_threadpool(vault.authenticate, token, client[0] if client else "") if token else None
        if principal is None:
            raise stranger()
        return principal

    return admit


def token_of(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """The token that a request shows: `Authorization: Bearer …`, or `X-API-Key`. "" without one, and with two.

    Whoever counts wrong tokens reads them here as well: a guess that is let through to the vault is one that counts.
    """
    given = [value.partition(b" ") for name, value in headers if name == b"authorization"]
    tokens = [token for scheme, _, token in given if scheme.lower() == b"bearer"]
    tokens += [value for name, value in headers if name == b"x-api-key"]
    return tokens[0].strip().decode("latin-1") if len(tokens) == 1 and len(given) <= 1 else ""


def stranger() -> Unauthenticated:
    """The same for no token and for every wrong one."""
    return Unauthenticated(
        "the server does not know who is asking",
        "send `Authorization: Bearer TOKEN`; an administrator makes one on the host: keytui operators add NAME",
    )
