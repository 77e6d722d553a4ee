"""The key probe over HTTP: one GET with the key in a header, and what its status and its answer prove."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import httpx

from keytui.deadline import Deadline
from keytui.domain.errors import Refused
from keytui.domain.fields import Fields
from keytui.domain.json_pointers import MISSING, at
from keytui.domain.references import Resolve
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.probes.key_probe import Answer, Outcome

_MOST_BYTES: Final = 1024 * 1024
_SHOWN: Final = 100
_FIELDS: Final = ("kind", "url", "header", "before", "accepted", "refused", "expects", "timeout")
_NO_ANSWER: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError, ImportError)
"""What asking raises; the last three where the environment names a proxy or certificates that cannot be used."""


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """A GET to `url`, with the key behind `before` in `header`.

    A status that is in neither set proves nothing. `expects` says by JSON pointer what an accepted answer has to hold.
    """

    name: str
    url: str
    header: str
    before: str = ""
    accepted: frozenset[int] = frozenset({200})
    refused: frozenset[int] = frozenset({401, 403})
    expects: Mapping[str, str] = field(default_factory=dict)
    timeout: timedelta = timedelta(seconds=10)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False, compare=False)
    """Seconds, from anywhere."""

    def ask(self, secret: Secret) -> Answer:
        began = self.clock()
        outcome, said = self._asked(secret)
        told = harmless(said.replace(secret.reveal(), "…") if secret else said)
        return Answer(outcome, told, timedelta(seconds=self.clock() - began))

    def rehearse(self, stranger: Secret) -> None:
        answer = self.ask(stranger)
        if answer.outcome is not Outcome.REFUSED:
            raise Refused(
                f"probe {self.name}: what is no key is not refused: {answer.said}",
                "ask at a path that needs a key; say by `refused` which statuses are a refusal",
            )

    def _asked(self, secret: Secret) -> tuple[Outcome, str]:
        value = self.before + secret.reveal()
        if not secret or not value.isascii() or not value.isprintable() or value != value.strip():
            return Outcome.UNCLEAR, "not asked: no header can carry this value"
        deadline = Deadline(self.timeout.total_seconds())
        encrypted = self.url.startswith("https:")
        try:
            # Loopback is asked without a proxy: one from the environment would get the key in the clear.
            with (
                deadline,
                httpx.Client(timeout=deadline.left, follow_redirects=False, trust_env=encrypted) as client,
                client.stream(
                    "GET",
                    self.url,
                    headers={"Accept": "application/json", "User-Agent": "keytui-probe", self.header: value},
                    extensions={"trace": deadline.trace},
                ) as response,
            ):
                body = _beginning(response)
        except _NO_ANSWER as error:
            return Outcome.UNCLEAR, f"no answer: {'too late' if deadline.passed else _why(error)}"
        if deadline.passed:  # a connection that was cut may look like an answer's end
            return Outcome.UNCLEAR, "no answer: too late"
        return self._judged(response.status_code, body, secret)

    def _judged(self, status: int, body: bytes, secret: Secret) -> tuple[Outcome, str]:
        if status in self.refused:
            return Outcome.REFUSED, str(status)
        if status not in self.accepted:
            return Outcome.UNCLEAR, f"{status}, which says neither"
        for pointer, expected in self.expects.items():
            found = _found(body, pointer)
            if found != expected:
                shown = found.replace(secret.reveal(), "…")[:_SHOWN]  # a server may say back what it was sent
                return Outcome.UNCLEAR, f"{status}, but {pointer} is {shown!r} and not {expected!r}"
        return Outcome.ACCEPTED, str(status)


def http_probe(name: str, fields: Fields, _resolve: Resolve) -> HttpProbe:
    """`[probes.NAME] kind = "http"`. Invalid names table and field."""
    fields.only(_FIELDS, "an http probe")
    header = fields.header("header")
    probe = HttpProbe(
        name=name,
        url=fields.url("url"),
        header=header or "Authorization",
        before=fields.text("before") if header or fields.has("before") else "Bearer ",
        accepted=_statuses(fields, "accepted", ("200",)),
        refused=_statuses(fields, "refused", ("401", "403")),
        expects=fields.mapping("expects"),
        timeout=fields.duration("timeout", "10s"),
    )
    if probe.accepted & probe.refused:
        raise fields.wrong("refused", "names a status that accepted names too", "one answer says one thing")
    if any(pointer and not pointer.startswith("/") for pointer in probe.expects):
        raise fields.wrong(
            "expects", "says where by JSON pointers", 'as in expects = { "/dependencies/database" = "ok" }'
        )
    if not probe.before.isascii() or not f"x{probe.before}".isprintable():
        raise fields.wrong("before", "is what a header can carry", 'as in before = "Bearer "')
    return probe


def _statuses(fields: Fields, name: str, default: tuple[str, ...]) -> frozenset[int]:
    texts = fields.texts(name, default)
    if not texts or not all(text.isascii() and text.isdigit() and 200 <= int(text) < 600 for text in texts):
        raise fields.wrong(name, "is a list of statuses", f'as in {name} = ["{default[0]}"]')
    return frozenset(map(int, texts))


def _beginning(response: httpx.Response) -> bytes:
    """The answer, or as much of it as is worth reading."""
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > _MOST_BYTES:
            break
    return bytes(body)


def _found(body: bytes, pointer: str) -> str:
    """What stands there, as JSON writes it; a text without its quotes, "" for nothing."""
    try:
        found = at(json.loads(body), pointer)
    except (ValueError, RecursionError):
        return ""
    if found is MISSING:
        return ""
    return found if isinstance(found, str) else json.dumps(found)


def _why(error: Exception) -> str:
    """What went wrong on the way. Of a header that cannot be sent httpx says which one, and that is the key."""
    if isinstance(error, httpx.LocalProtocolError | ValueError):
        return "the question cannot be sent"
    return str(error)[:_SHOWN] or type(error).__name__
