"""An ASGI middleware, for any framework: who has no valid key stays outside."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from functools import lru_cache
from typing import Final

from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.domain.usage import Caller, route_of
from keytui.domain.verification import Check, Outcome
from keytui.verify.asgi import App, Receive, Scope, Send
from keytui.verify.lifespan import live
from keytui.verify.verifier import LONGEST_NAME, Verifier

_POLICY_VIOLATION: Final = 1008
_CHALLENGE: Final = (b"www-authenticate", b'Bearer realm="api"')
_NO_KEY: Final = Check(False, Outcome.UNKNOWN)
_NOTHING: Final = [""]


class KeyMiddleware:
    """Lets requests with a valid key through to `app`, with the Check in `scope["keytui"]`.

    The secret stands in `header`, or behind `Authorization: Bearer`. Without a valid one the answer is 401, the same
    whatever is wrong; a valid one without every scope of `scopes` gets 403; a verifier that has lost its vault, 503.
    A caller is known by the name that it declares in `caller_header`, else by its address and user agent.
    Requests for exactly one of `public_paths` pass unasked. When the application shuts down, the verifier ends cleanly.
    """

    def __init__(
        self,
        app: App,
        verifier: Verifier,
        *,
        header: str = "x-api-key",
        scopes: Iterable[str] = (),
        caller_header: str | None = None,
        public_paths: Iterable[str] = (),
    ) -> None:
        self._app = app
        self._verifier = verifier
        self._header = header.lower().encode("latin-1")
        self._scopes = (scopes,) if isinstance(scopes, str) else tuple(scopes)
        self._caller_header = caller_header.lower().encode("latin-1") if caller_header else None
        self._read = frozenset({self._header, b"authorization", b"user-agent", self._caller_header or self._header})
        self._public_paths = frozenset((public_paths,) if isinstance(public_paths, str) else public_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await live(self._app, self._verifier, scope, receive, send)
            return
        if scope["type"] not in {"http", "websocket"} or scope.get("path") in self._public_paths:
            await self._app(scope, receive, send)
            return
        headers = _headers(scope, self._read)
        secret = self._secret(headers)
        caller = self._caller(scope, headers)
        check = self._check(secret, caller, scope) if secret is not None else _NO_KEY
        if check.valid:
            await self._app({**scope, "keytui": check}, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": ""})
        else:
            await _refuse(check, send)

    def _check(self, secret: Secret, caller: Caller, scope: Scope) -> Check:
        return self._verifier.check(secret, self._scopes, caller, route=route_of(str(scope.get("path", ""))))

    def _secret(self, headers: dict[bytes, list[str]]) -> Secret | None:
        """The one secret of a request; several in one header are none."""
        values = headers.get(self._header)
        if values is None:
            values = [value.strip() for value in _bearer(headers.get(b"authorization", []))]
        return Secret(values[0]) if len(values) == 1 and values[0] else None

    def _caller(self, scope: Scope, headers: dict[bytes, list[str]]) -> Caller:
        declared = headers.get(self._caller_header, _NOTHING)[0] if self._caller_header else ""
        client = scope.get("client")
        address = str(client[0]) if isinstance(client, tuple | list) and client else ""
        return known_caller(declared, address, headers.get(b"user-agent", _NOTHING)[0])


@lru_cache(maxsize=4096)
def known_caller(declared: str, address: str, agent: str) -> Caller:
    """A caller by its declared name, else by address and agent. The same few come back request after request."""
    address, agent = _short(address), _short(agent)
    return Caller.called(_short(declared), address, agent) if declared else Caller.undeclared(address, agent)


def _headers(scope: Scope, wanted: Container[bytes]) -> dict[bytes, list[str]]:
    """The wanted headers by name in lower case. Bytes that are not UTF-8 become a character that no secret has."""
    pairs = scope.get("headers")
    found: dict[bytes, list[str]] = {}
    for name, value in pairs if isinstance(pairs, Iterable) else ():
        if (known := name.lower()) in wanted:
            found.setdefault(known, []).append(value.decode(errors="replace").strip())
    return found


def _bearer(values: list[str]) -> list[str]:
    split = (value.partition(" ") for value in values)
    return [credentials for scheme, _, credentials in split if scheme.lower() == "bearer"]


def _short(text: str) -> str:
    return harmless(text[:LONGEST_NAME])


async def _refuse(check: Check, send: Send) -> None:
    """The reason stays inside: an outsider learns whether to authenticate, ask for a scope, or come back later."""
    status, error, extra = 401, "unauthorized", [_CHALLENGE]
    if check.reason is Outcome.SCOPE:
        status, error, extra = 403, "forbidden", []
    elif check.reason is Outcome.STALE:
        status, error, extra = 503, "unavailable", [(b"retry-after", b"5")]
    body = json.dumps({"error": error}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
