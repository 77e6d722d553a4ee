"""How a handler's answer becomes bytes: the vault's own wire format, the same for every route."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from http import HTTPStatus
from inspect import iscoroutinefunction
from typing import Final, ParamSpec

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from keytui.server.request_log import note_answer
from keytui.vault.local.answers import Repeated
from keytui.vault.wire import encode

JSON: Final = "application/json"
P = ParamSpec("P")


class VaultRoute(APIRoute):
    """A route whose handler answers with what the vault said; nothing at all is a 204."""

    def __init__(self, path: str, endpoint: Callable[..., object], **options: object) -> None:
        status = options.get("status_code") or HTTPStatus.OK
        assert isinstance(status, int)  # noqa: S101
        told_by = endpoint if iscoroutinefunction(endpoint) else _told(endpoint, status)
        super().__init__(path, told_by, **options)  # type: ignore[arg-type]  # FastAPI's own options


def _told(handler: Callable[P, object], status: int) -> Callable[P, Response]:
    @functools.wraps(handler)
    def tell(*args: P.args, **kwargs: P.kwargs) -> Response:
        answer = handler(*args, **kwargs)
        note_answer(answer)
        return answer if isinstance(answer, Response) else told(encode(answer), status)

    return tell


def told(answer: bytes, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """An encoded answer."""
    if answer == b"null":
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return Response(answer, status, headers, JSON)


async def repeated(request: Request, error: Exception) -> Response:
    """What was carried out before answers as it did then."""
    assert isinstance(error, Repeated)  # noqa: S101  # the handler is registered for nothing else
    status = getattr(request.scope.get("route"), "status_code", None) or HTTPStatus.OK
    answer = told(error.answer, status)
    answer.headers["Idempotency-Replayed"] = "true"
    return answer
