"""GitHub's REST API, as far as its secrets need it: in bounded time, without redirects, and without a word too much."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import httpx

from keytui.deadline import Deadline
from keytui.domain.errors import Invalid, KeytuiError, NotFound, OutcomeUnknown, Refused, Unreachable
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.targets.exchange import MOST_BYTES, said

logging.getLogger("httpx").setLevel(logging.WARNING)  # below, it writes every address down

_NO_ANSWER: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError, ImportError)
"""What asking raises; the last ones where the environment names a proxy or certificates that cannot be used."""
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Reply:
    """What GitHub answered. `body` is empty when that was no JSON object."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, object]


class GithubApi:
    """One exchange. Errors begin with `whose`, and never repeat the token."""

    def __init__(self, whose: str, url: str, token: Secret, timeout: timedelta) -> None:
        self._whose = whose
        self._url = url
        self._token = token
        self._deadline = Deadline(timeout.total_seconds())
        # Loopback is asked without a proxy: one from the environment would get the token in the clear.
        try:
            self._client = httpx.Client(follow_redirects=False, trust_env=urlsplit(url).scheme == "https")
        except (OSError, ValueError, ImportError) as error:
            raise Invalid(
                f"{whose}: the environment names a proxy or certificates that cannot be used: {type(error).__name__}",
                "see to HTTPS_PROXY and SSL_CERT_FILE",
            ) from None

    def __enter__(self) -> Self:
        self._deadline.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._deadline.__exit__(kind, error, traceback)
        self._client.close()

    def asked(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Reply:
        """One question. OutcomeUnknown when something was to change, and nobody knows whether it has."""
        writes = body is not None
        try:
            with self._client.stream(
                method,
                f"{self._url}{path}",
                json=body,
                headers={
                    "Accept": "application/vnd.github+json",
                    "Authorization": f"Bearer {self._token.reveal()}",
                    "User-Agent": "keytui",  # GitHub refuses whoever has none
                    "X-GitHub-Api-Version": "2022-11-28",
                },
                timeout=self._deadline.left,
                extensions={"trace": self._deadline.trace},
            ) as response:
                reply = Reply(response.status_code, response.headers, _object(_content(response)))
        except _NO_ANSWER as error:
            why = f"{self._whose}: it does not answer: {type(error).__name__}"
            if writes and not isinstance(error, _NEVER_SENT):
                raise OutcomeUnknown(why, "see there when the secret was last updated") from None
            raise Unreachable(why, "see whether it can be reached; try again") from None
        if writes and reply.status >= 500:
            raise OutcomeUnknown(
                f"{self._whose}: it has trouble of its own ({reply.status})",
                "see there when the secret was last updated",
            )
        return reply

    def refusal(self, reply: Reply) -> KeytuiError:
        """The error that an answer tells which is not the one that was hoped for."""
        status, told = reply.status, said(str(reply.body.get("message", "")), self._token)
        text = f"{self._whose}: it answered {status}: {told}"
        if (pause := _pause(reply)) and status in (403, 429):
            return Unreachable(f"{text}; it wants to be left alone {pause}", "try again then")
        if status == 401:
            return Refused(text, "renew the token: it is wrong, expired or revoked")
        if status == 403:
            return Refused(text, "let the token write the repository's secrets, or its environments'")
        if status == 404:
            return NotFound(text, "correct repository and environment, or let the token see them")
        if 300 <= status < 400:
            return Refused(f"{self._whose}: it leads elsewhere ({status})", "write the repository's present name")
        if status == 429 or status >= 500:
            return Unreachable(text, "try again later")
        return Refused(text, "see what GitHub wants of the secret's name and value")


def _content(response: httpx.Response) -> bytes:
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece
        if len(content) > MOST_BYTES:
            raise ValueError("the answer is too long")
    return bytes(content)


def _object(content: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _pause(reply: Reply) -> str:
    """For how long, or until when, it takes no more questions; "" when it does."""
    after, reset = reply.headers.get("Retry-After", ""), reply.headers.get("X-RateLimit-Reset", "")
    if after:
        return f"for {harmless(after)[:40]} s"
    if reply.headers.get("X-RateLimit-Remaining") == "0" and reset.isascii() and reset.isdigit() and len(reset) < 12:
        return f"until {datetime.fromtimestamp(int(reset), UTC):%H:%M:%S} UTC"
    return ""
