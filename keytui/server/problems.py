"""What went wrong, as every client reads it: a problem document, and nothing of the request in it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from dataclasses import fields
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keytui.domain.errors import Invalid, KeytuiError
from keytui.vault.problems import MEDIA_TYPE, Problem, problem_of
from keytui.vault.wire import encode, place_of

_log = logging.getLogger("keytui.server")
_TOLD_FAULTS: Final = 5
_LONGEST_FAULT: Final = 200
_FRAMES: Final = 8
_BEYOND_STORING: Final = Invalid("a number or a time in it is larger than what can be kept", "send a smaller one")


def refusal(error: KeytuiError) -> Response:
    """The answer that tells an error."""
    headers = (
        {"WWW-Authenticate": 'Bearer realm="keytui"'} if problem_of(error).status == HTTPStatus.UNAUTHORIZED else {}
    )
    return _document(problem_of(error), headers)


def plain_problem(status: int, detail: str, hint: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """One of HTTP's own refusals, which no error of the vault stands for."""
    return _document(Problem("about:blank", HTTPStatus(status).phrase, status, detail, hint), headers)


def fault() -> Response:
    """A fault of ours, of which nothing is told but that there was one."""
    return plain_problem(500, "the server met something that it did not expect", "look in its log")


def add_problems(app: FastAPI) -> None:
    """Let the app tell every error as a problem document."""
    app.add_exception_handler(KeytuiError, _vault_refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _http_refused)
    app.add_exception_handler(OverflowError, _too_large)


class Unfailing:
    """The outermost layer: what nobody foresaw is a 500 that says nothing, and is logged without any value in it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message = {**message, "headers": [*message.get("headers", ()), *_SECURITY_HEADERS]}
            await send(message)

        try:
            await self.app(scope, receive, guarded)
        except ClientDisconnect:
            return
        except Exception as error:  # the last line: whatever it is, it must not tell anything
            _log_without_values(error)
            if begun:
                raise BrokenOff from None
            await fault()(scope, receive, guarded)


class BrokenOff(Exception):
    """An answer that had begun cannot be finished: the line is cut, so that nobody takes it for whole."""


_SECURITY_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


async def _vault_refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, KeytuiError)  # noqa: S101  # the handler is registered for nothing else
    return refusal(error)


async def _unreadable(_request: Request, error: Exception) -> Response:
    """FastAPI's own answer repeats what was sent, and that may be a secret."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    faults = [f"{place_of(fault['loc'])}: {fault['msg']}"[:_LONGEST_FAULT] for fault in error.errors()[:_TOLD_FAULTS]]
    return refusal(Invalid("; ".join(faults), "mend what it names and send it again"))


async def _http_refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    return plain_problem(error.status_code, _HTTP_DETAILS.get(error.status_code, error.detail), headers=error.headers)


async def _too_large(_request: Request, _error: Exception) -> Response:
    return refusal(_BEYOND_STORING)


_HTTP_DETAILS: Final = {
    400: "the body is not JSON",
    404: "there is nothing at this path",
    405: "this path knows other methods",
}


def _document(problem: Problem, headers: Mapping[str, str] | None) -> Response:
    said = {field.name: getattr(problem, field.name) for field in fields(problem)}
    body = encode({name: value for name, value in said.items() if value is not None and value != ""})
    return Response(body, problem.status, headers, MEDIA_TYPE)


def _log_without_values(error: Exception) -> None:
    """Its kind and where it happened. An exception's own text may repeat a value."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    where = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    _log.error("unexpected %s at %s", type(error).__name__, where)
