"""One question to a platform and its answer: no redirect followed, bounded in time and size, no Origin sent.

What went wrong is told apart by whether the question can have arrived: a change that may have taken effect is not
done again unseen.
"""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import httpx

from keytui.deadline import Deadline
from keytui.domain.errors import Invalid, KeytuiError, OutcomeUnknown, Unreachable
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless

# Below, it writes headers of answers down: a login's cookie is in them.
logging.getLogger("httpcore").setLevel(logging.INFO)

Trace = Callable[[str, Mapping[str, object]], None]
MOST_BYTES: Final = 16 * 1024 * 1024
"""Of one answer; a page of a list is far smaller."""
_SHOWN: Final = 300

_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)
"""What is raised before the platform itself has got anything, even where a proxy has."""
_NO_ANSWER: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError, ImportError)
"""What asking raises; the last three where the environment names a proxy or certificates that cannot be used."""

_UNTIL: Final[ContextVar[float | None]] = ContextVar("until", default=None)


@contextmanager
def within(time_for_all: timedelta) -> Iterator[None]:
    """Whatever this thread asks in here is over by then, together; one within another ends with that."""
    until, around = time.monotonic() + time_for_all.total_seconds(), _UNTIL.get()
    before = _UNTIL.set(until if around is None else min(until, around))
    try:
        yield
    finally:
        _UNTIL.reset(before)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `secrets` are in its body, and are not to come back in an error."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = field(default=None, repr=False)
    secrets: tuple[Secret, ...] = ()
    changes: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read whole; `secrets` are those that were sent."""

    status: int
    body: bytes = field(repr=False)
    cookies: Mapping[str, str] = field(repr=False)
    secrets: tuple[Secret, ...] = ()


class Exchange:
    """The way to one platform."""

    def __init__(self, name: str, url: str, timeout: timedelta) -> None:
        self.whose = f"issuer {name}"
        self._url = url.rstrip("/")
        self._encrypted = self._url.startswith("https:")
        self._timeout = timeout.total_seconds()
        self._trusted: ssl.SSLContext | None = None

    def ask(self, question: Question, headers: Mapping[str, str], secrets: tuple[Secret, ...] = ()) -> Answer:
        """The answer, whatever its status.

        Unreachable when nothing can have arrived, or nothing was to change; OutcomeUnknown when a change may have.
        """
        seconds = self._seconds()
        deadline, line = Deadline(seconds), _Line()
        trace = line.watched(deadline.trace)
        try:
            # Loopback is asked without a proxy: one from the environment would get the credential in the clear.
            with (
                deadline,
                httpx.Client(
                    verify=self._trust(), timeout=seconds, follow_redirects=False, trust_env=self._encrypted
                ) as client,
                client.stream(
                    question.method,
                    self._url + question.path,
                    params=question.query or None,
                    content=None if question.body is None else json.dumps(question.body).encode(),
                    headers={**_headers(question), **headers},
                    extensions={"trace": trace},
                ) as response,
            ):
                body = self._body(response, question)
        except _NO_ANSWER as error:
            if not line.used or isinstance(error, _NOT_SENT):
                raise self._not_sent(error) from None
            raise (self._late(question) if deadline.passed else self._lost(error, question)) from None
        if deadline.passed:  # a connection that was cut may look like an answer's end
            raise self._late(question)
        return Answer(response.status_code, body, dict(response.cookies.items()), (*question.secrets, *secrets))

    def _seconds(self) -> float:
        """For one exchange. Unreachable once the time for all of them is up: then this one is not begun."""
        until = _UNTIL.get()
        left = self._timeout if until is None else min(self._timeout, until - time.monotonic())
        if left <= 0:
            raise Unreachable(f"{self.whose} takes too long for what one change asks of it", "ask again later")
        return left

    def _trust(self) -> ssl.SSLContext:
        """Whom TLS trusts: read once, which takes longer than many an exchange. Without TLS, nobody."""
        if self._trusted is None:
            self._trusted = httpx.create_ssl_context() if self._encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return self._trusted

    def _body(self, response: httpx.Response, question: Question) -> bytes:
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > MOST_BYTES:
                told = f"{self.whose} answers more than {MOST_BYTES // (1024 * 1024)} MiB at once"
                raise unknown(told) if question.changes else Invalid(told, "ask for smaller pages: list.paging.size")
        return bytes(body)

    def _not_sent(self, error: Exception) -> Unreachable:
        return Unreachable(f"{self.whose} cannot be reached: {_why(error)}", "see whether it runs; ask again")

    def _lost(self, error: Exception, question: Question) -> KeytuiError:
        told = f"{self.whose} does not answer: {_why(error)}"
        return unknown(told) if question.changes else Unreachable(told, "see whether it runs; ask again")

    def _late(self, question: Question) -> KeytuiError:
        told = f"{self.whose} does not end its answer in time"
        return unknown(told) if question.changes else Unreachable(told, "give it a longer timeout")


class _Line:
    """Whether anything of a question went out."""

    def __init__(self) -> None:
        self.used = False

    def watched(self, trace: Trace) -> Trace:
        """The trace of a request, with an eye on what is sent."""

        def note(event: str, info: Mapping[str, object]) -> None:
            self.used = self.used or ".send_request" in event
            trace(event, info)

        return note


def unknown(told: str, hint: str = "look whether it took effect before you do it again") -> OutcomeUnknown:
    """Nobody knows whether it took effect."""
    return OutcomeUnknown(told, hint)


def _headers(question: Question) -> dict[str, str]:
    content = {} if question.body is None else {"Content-Type": "application/json"}
    return {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "keytui", **content}


def _why(error: Exception) -> str:
    """What went wrong on the way. Of a header that cannot be sent httpx says which one, and that may be a secret."""
    if isinstance(error, httpx.LocalProtocolError | httpx.InvalidURL | ValueError):
        return "the question cannot be sent"
    return harmless(str(error) or type(error).__name__)[:_SHOWN]
