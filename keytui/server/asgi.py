"""The few requests that are answered without a framework: their words, and how a body is read."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from keytui.domain.errors import Invalid, KeytuiError
from keytui.server.problems import fault as fault_response
from keytui.server.problems import plain_problem
from keytui.server.problems import refusal as problem_response
from keytui.server.request_log import Noted
from keytui.server.token_book import Holder
from keytui.verify.asgi import Message, Receive

Header = tuple[bytes, bytes]
MOST_BYTES: Final = 64 * 1024
JSON: Final[Header] = (b"content-type", b"application/json")
TEXT: Final[Header] = (b"content-type", b"text/plain; charset=utf-8")


@dataclass(slots=True)
class Request:
    """One request as a service reads it. `address` is the client's, as far as trusted proxies tell."""

    method: str
    path: str
    query: bytes
    headers: Sequence[Header]
    receive: Receive
    address: str
    holder: Holder | None
    """Whose token it carries; None without one, and with a wrong one."""
    noted: Noted


class Reply:
    """A whole answer, as the two messages that ASGI knows it by: one reply may go out many times."""

    __slots__ = ("body", "start", "status")

    def __init__(self, status: int, body: bytes, headers: Iterable[Header] = (JSON,)) -> None:
        length = (b"content-length", str(len(body)).encode())
        self.status = status
        self.start: Message = {"type": "http.response.start", "status": status, "headers": [*headers, length]}
        self.body: Message = {"type": "http.response.body", "body": body}


Service = Callable[[Request], Awaitable[Reply]]


class Disconnected(Exception):
    """The client went away before it had asked."""


class TooLarge(KeytuiError):
    """The body is longer than any that makes sense here."""


class TooMany(KeytuiError):
    """The client asks too often; it is told when to come back."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message, "wait as long as Retry-After says")
        self.seconds = seconds


class TwoLengths(KeytuiError):
    """A request tells its length in two ways: what stands before this server may have read another one in it."""

    def __init__(self) -> None:
        super().__init__("the request has both Content-Length and Transfer-Encoding", "send one of them")


def require_one_length(headers: Sequence[Header]) -> None:
    """TwoLengths for a request that has both (RFC 9112, 6.1). Its connection is to be closed."""
    names = [name for name, _ in headers]
    if b"transfer-encoding" in names and b"content-length" in names:
        raise TwoLengths


async def body_of(request: Request, most: int = MOST_BYTES) -> bytes:
    """The whole body. TooLarge beyond `most` bytes; Disconnected when the client goes away under it."""
    message = await request.receive()
    body = bytearray(_part(message))  # grows in place: bytes would be copied whole for every part that comes
    while message.get("more_body"):
        message = await request.receive()
        body += _part(message)
        if len(body) > most:
            break
    if len(body) > most:
        raise TooLarge(f"the body is longer than {most // 1024} KiB", "send less at once")
    return bytes(body)


def _part(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise Disconnected
    part = message.get("body", b"")
    return part if isinstance(part, bytes) else b""


def parsed(body: bytes) -> dict[str, object]:
    """The JSON object in a body. Invalid for anything else; what stands in it is not repeated."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid("the body is not JSON", "send a JSON object") from None
    if not isinstance(content, dict):
        raise Invalid("the body is not a JSON object", "send a JSON object")
    return content


def fault() -> Reply:
    """What nobody foresaw, as a problem document."""
    return _reply(fault_response())


def refusal(error: KeytuiError) -> Reply:
    """An error as a problem document."""
    if isinstance(error, TooLarge):
        return _reply(plain_problem(413, error.message, error.hint))
    if isinstance(error, TwoLengths):
        return _reply(plain_problem(400, error.message, error.hint, {"Connection": "close"}))
    if isinstance(error, TooMany):
        wait = {"Retry-After": str(max(1, round(error.seconds)))}
        return _reply(plain_problem(429, error.message, error.hint, wait))
    return _reply(problem_response(error))


def _reply(response: Response) -> Reply:
    told = [header for header in response.raw_headers if header[0] != b"content-length"]
    return Reply(response.status_code, bytes(response.body), told)
