"""What a request may look like before anybody reads it: its size, its type, its characters."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keytui.domain.errors import Invalid
from keytui.server.problems import plain_problem, refusal

MOST_BYTES: Final = 4 * 1024 * 1024
"""Of a body: a report of ten thousand uses has room in it."""
_LONGEST_ADDRESS: Final = 8 * 1024
"""Of path and query."""
_TOO_LARGE: Final = f"the body is larger than {MOST_BYTES // 1024 // 1024} MiB"


class Intake:
    """Refuses what no handler should see. A body is counted as it comes, and let go of when it is too large."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refused = _fault(scope)
        if refused is not None:
            await refused(scope, receive, send)
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MOST_BYTES:
                raise HTTPException(413, _TOO_LARGE)
            return message

        await self.app(scope, counted, send)


def _fault(scope: Scope) -> Response | None:
    """What speaks against a request by its first lines alone."""
    headers = Headers(scope=scope)
    address = unquote_to_bytes(scope.get("raw_path") or scope["path"].encode()) + unquote_to_bytes(
        scope["query_string"]
    )
    if len(address) > _LONGEST_ADDRESS:
        return plain_problem(414, "the path and its parameters are too long")
    if not _is_text(address):
        return refusal(Invalid("the path or a parameter holds a control character, or is not UTF-8", "leave it away"))
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length[:20]) > MOST_BYTES:
        return plain_problem(413, _TOO_LARGE, headers={"Connection": "close"})
    has_body = length != "0" or "transfer-encoding" in headers
    if has_body and not _is_json(headers.get("content-type", "")):
        return plain_problem(415, "a body is JSON here", "send it with Content-Type: application/json")
    return None


def _is_text(address: bytes) -> bool:
    try:
        address.decode()
    except UnicodeDecodeError:
        return False
    return all(byte >= 0x20 and byte != 0x7F for byte in address)


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"
