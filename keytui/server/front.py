"""Where every request comes in: who sends it, whether it may ask so often, who answers it, and its line in the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final, cast
from urllib.parse import parse_qsl

from anyio import to_thread

from keytui.domain.access import Principal
from keytui.domain.errors import Forbidden, Invalid, KeytuiError
from keytui.domain.secrets import Secret
from keytui.server.addresses import ClientAddresses, neighbourhood
from keytui.server.asgi import (
    Disconnected,
    Header,
    Reply,
    Request,
    Service,
    TooMany,
    fault,
    refusal,
    require_one_length,
)
from keytui.server.door import PRINCIPAL, token_of
from keytui.server.events import Broadcaster
from keytui.server.failed_logins import FailedLogins
from keytui.server.limits import Rate, WrongTokens
from keytui.server.metrics import Metrics
from keytui.server.request_log import ABOUT, Noted, RequestLog, cleaned, key_in
from keytui.server.token_book import TokenBook
from keytui.verify.asgi import App, Message, Receive, Scope, Send

EVENTS: Final = "/admin/events"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_GONE: Final = 499
"""What the log has for a client that went away before it was answered."""

_LONGEST_POSITION: Final = 18

_log = logging.getLogger("keytui.server")


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients are held to."""

    per_token: Rate
    per_address: Rate
    wrong_tokens: WrongTokens
    failed_logins: FailedLogins


class Front:
    """The ASGI application that a worker serves: small services by their path, event streams, and the API behind."""

    def __init__(
        self,
        services: Mapping[tuple[str, str], Service],
        *,
        events: Broadcaster,
        api: App,
        book: TokenBook,
        addresses: ClientAddresses,
        limits: Limits,
        metrics: Metrics,
        log: RequestLog,
        note_refusal: Callable[[Principal, str, Forbidden], None],
    ) -> None:
        self._services = services
        self._events = events
        self._api = api
        self._book = book
        self._addresses = addresses
        self._limits = limits
        self._metrics = metrics
        self._log = log
        self._note_refusal = note_refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        began = time.perf_counter()
        request, token = self._read(scope, receive)
        service = self._services.get((request.method, request.path))
        try:
            require_one_length(request.headers)
            self._admit(request, token)
            self._addresses.require_protection(scope["client"])
            if service is not None:
                status = await _answered(service, request, send)
            elif request.path == EVENTS and request.method == "GET":
                status = await self._stream(request, token, send)
            else:
                status = await self._passed_on(scope, request, receive, send)
        except KeytuiError as error:
            status = await _sent(refusal(error), send)
            if isinstance(error, Forbidden):
                operation = _operation(request, served=service is not None)
                await to_thread.run_sync(self._tell_refusal, request, operation, error)
        except Disconnected:
            status = _GONE
        if status == HTTPStatus.UNAUTHORIZED and token:
            self._limits.wrong_tokens.note(neighbourhood(request.address))
            self._limits.failed_logins.note(neighbourhood(request.address))
            self._metrics.count_wrong_token()
        took = time.perf_counter() - began
        self._metrics.count(_route(scope, request, served=service is not None), status, took)
        self._log.note(_asked(request, served=service is not None), status, took, request.address, request.noted)

    def _read(self, scope: Scope, receive: Receive) -> tuple[Request, str]:
        """The request, and the token that it shows."""
        headers = cast("list[Header]", scope["headers"])
        address = self._addresses.of(scope["client"], headers)
        token = token_of(headers)
        holder = self._book.find(token) if token else None
        noted = Noted("" if holder is None else holder.principal.actor.name)
        query = cast(bytes, scope["query_string"])
        return Request(str(scope["method"]), str(scope["path"]), query, headers, receive, address, holder, noted), token

    def _admit(self, request: Request, token: str) -> None:
        """TooMany for whoever asks too often. Who holds a token is counted by it, wherever the requests come from."""
        if request.holder is not None:
            if not self._limits.per_token.admits(request.holder.operator.id):
                raise TooMany("this token asks too often", 1)
            return
        client = neighbourhood(request.address)
        if not self._limits.per_address.admits(client):
            raise TooMany("this address asks too often", 1)
        if token and (wait := self._limits.wrong_tokens.wait(client)):
            raise TooMany("too many wrong tokens came from this address", wait)

    def _tell_refusal(self, request: Request, operation: str, refused: Forbidden) -> None:
        """What is refused here never reaches the vault, which has its own refusals in the log by itself."""
        if request.holder is None:
            return
        principal = request.holder.principal
        asking = replace(principal, actor=replace(principal.actor, host=request.address))
        try:
            self._note_refusal(asking, operation, refused)
        except KeytuiError as error:
            _log.warning("a refusal is not in the log yet: %s", error.message)

    async def _stream(self, request: Request, token: str, send: Send) -> int:
        principal = await self._events.admit(Secret(token), request.address)
        request.noted.principal = principal.actor.name
        await self._events.serve(principal, Secret(token), _after(request), request.receive, send)
        return HTTPStatus.OK

    async def _passed_on(self, scope: Scope, request: Request, receive: Receive, send: Send) -> int:
        """To the API, which learns the client's own address and may note what the request is about."""
        status = _GONE
        scope["client"] = (request.address, 0)
        noted = request.noted
        ABOUT.set(noted)
        noted.key_id = key_in(request.path)

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = cast(int, message["status"])
            await send(message)

        try:
            await self._api(scope, receive, watched)
        finally:
            principal = scope.get(PRINCIPAL)
            if isinstance(principal, Principal):
                noted.principal = principal.actor.name
        return status


async def _answered(service: Service, request: Request, send: Send) -> int:
    try:
        reply = await service(request)
    except (KeytuiError, Disconnected):
        raise
    except Exception as error:  # whatever it is, its text could repeat what was sent
        _log.error("unexpected %s in %s", type(error).__name__, request.path)  # no traceback, see above
        reply = fault()
    return await _sent(reply, send)


async def _sent(reply: Reply, send: Send) -> int:
    await send(reply.start)
    await send(reply.body)
    return reply.status


def _after(request: Request) -> int:
    """The position that a client has seen: what it was told last, or as its first question says."""
    told = [value for name, value in request.headers if name == b"last-event-id"]
    asked = [value for name, value in parse_qsl(request.query) if name == b"after"]
    given = (told + asked)[:1]
    if not given:
        return 0
    if not given[0].isdigit() or len(given[0]) > _LONGEST_POSITION:
        raise Invalid("after is a position of the change feed", "leave it away to begin with what comes now")
    return int(given[0])


def _route(scope: Scope, request: Request, *, served: bool) -> str:
    """What a request is counted under: one of our own words, never one of a client's."""
    if served or request.path == EVENTS:
        return request.path
    return str(getattr(scope.get("route"), "path", "other"))


def _operation(request: Request, *, served: bool) -> str:
    """What was refused before the API saw it. A path or method that a client made up has no place in the audit log."""
    known = served or (request.method, request.path) == ("GET", EVENTS)
    return f"{request.method} {request.path}" if known else "ask the API"


def _asked(request: Request, *, served: bool) -> str:
    if served and not request.query:
        return f"{request.method} {request.path}"
    method = request.method if request.method in _METHODS else "*"
    return f"{method} {cleaned(request.path, request.query.decode('latin-1'))}"
