"""The line to a server: questions and changes go out, answers and the vault's own errors come back.

A question is asked twice at most. A change goes out under a random key, and when its answer is lost, it is asked
again under the same key: the server then tells what it answered, and does nothing a second time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

from keytui.domain.access import Principal
from keytui.domain.errors import Invalid, IssuerAway, OutcomeUnknown, Unauthenticated, Unreachable
from keytui.domain.secrets import Randomness, Secret
from keytui.vault.problems import MEDIA_TYPE, Problem, error_of
from keytui.vault.remote.exchange import Answer, Dropped, Exchange, NotSent, Patience, Request, Silent
from keytui.vault.remote.token import NEW_TOKEN, Token, fit_for_header
from keytui.vault.remote.unanswered import Unanswered
from keytui.vault.team_server import TeamServer
from keytui.vault.wanted import Wanted
from keytui.vault.wire import decode, encode

if TYPE_CHECKING:
    from typing_extensions import TypeForm

T = TypeVar("T")
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_LONGEST_PAUSE: Final = 3.0
_LEAST_SILENCE: Final = 0.5
_SHORT_PAUSES: Final = frozenset({"1", "2", "3"})
"""Of Retry-After, in seconds: those that are waited for instead of being told."""
_DOUBTFUL: Final = HTTPStatus.INTERNAL_SERVER_ERROR
"""From here on a status does not say that nothing was done."""


class Line:
    """One server, asked with one token. Safe to share between threads."""

    def __init__(self, server: TeamServer, randomness: Randomness, patience: Patience) -> None:
        self.server = server
        self._token = Token(server.token)
        self._patience = patience
        self._exchange = Exchange(server, patience)
        self._unanswered = Unanswered(randomness)

    def get(
        self,
        kind: TypeForm[T],
        path: str,
        query: Mapping[str, str] = NOTHING,
        wait: float = 0.0,
        wanted: Wanted | None = None,
    ) -> T:
        """The answer to a question. The server may take `wait` seconds longer for it than for others."""
        return self._read(kind, self._asked(Request("GET", path, tuple(query.items()), wait=wait, wanted=wanted)))

    def ask(self, kind: TypeForm[T], path: str, body: Mapping[str, object] | None = None, wait: float = 0.0) -> T:
        """The answer to a question that holds a secret, or changes nothing more when it is asked twice."""
        return self._read(
            kind, self._asked(Request("POST", path, body=None if body is None else encode(body), wait=wait))
        )

    def events(self, kind: TypeForm[T], path: str, query: Mapping[str, str]) -> Iterator[T]:
        """What the server tells by itself, until the line breaks."""
        token = self._token.current()
        if self._token.is_dead(token):
            raise self._shut_out()
        for data in self._exchange.events(Request("GET", path, tuple(query.items())), token):
            yield self._decoded(kind, data)

    @property
    def closed(self) -> bool:
        """Whether it was let go of."""
        return self._exchange.closed

    def change(self, kind: TypeForm[T], request: Request, look: str) -> T:
        """Carry a change out, once. OutcomeUnknown, with what to look at, when that cannot be told.

        Who then asks for the very same here within some minutes gets the first one's answer.
        """
        key, began = self._unanswered.key_of(request), time.monotonic()
        until, pause, doubtful = began + self._patience.unknown + request.wait, self._patience.pause, False
        while True:
            try:
                told = self._changed(kind, request, key, until)
            except Dropped:
                doubtful = True
            except (IssuerAway, OutcomeUnknown):
                raise
            except (Unreachable, Unauthenticated):  # NotSent, or asked too often: this time nothing was done
                if not doubtful:
                    raise
            else:
                self._unanswered.forget(request)
                return told
            if time.monotonic() + pause >= until:
                self._unanswered.keep(request, key, began)
                raise OutcomeUnknown(
                    f"the answer of {self.server.host} was lost: the change may have been made or not",
                    f"see with `{look}` before you do it again",
                )
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _changed(self, kind: TypeForm[T], request: Request, key: str, until: float) -> T:
        silence = min(self._patience.silence, max(until - time.monotonic(), _LEAST_SILENCE))
        return self._read(kind, self._sent(request, {"Idempotency-Key": key}, silence))

    def present(self, token: Secret) -> None:
        """Use another token from now on; Unauthenticated, and nothing has changed, when the server does not know it."""
        answer = self._exchange.ask(Request("GET", "/admin/principal"), fit_for_header(token), NOTHING)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise Unauthenticated(f"{self.server.host} does not know that token", NEW_TOKEN)
        self._read(Principal, answer)
        self._token.replace(token)

    def close(self) -> None:
        """Let go of the connections."""
        self._exchange.close()

    def _asked(self, request: Request) -> Answer:
        """A connection that was kept may turn out to be closed: the question goes out once more on a new one."""
        try:
            return self._sent(request, NOTHING)
        except Silent:
            raise
        except Dropped:
            return self._sent(request, NOTHING)

    def _sent(self, request: Request, headers: Mapping[str, str], silence: float | None = None) -> Answer:
        """One request; a second when the token was renewed where it stands, or the server asked for a short pause."""
        token = self._token.current()
        if self._token.is_dead(token):
            token = self._renewed(token)
        answer = self._exchange.ask(request, token, headers, silence)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._token.refused(token)
            token = self._renewed(token)
            answer = self._exchange.ask(request, token, headers, silence)
            if answer.status == HTTPStatus.UNAUTHORIZED:
                self._token.refused(token)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS and answer.retry_after in _SHORT_PAUSES:
            time.sleep(float(answer.retry_after))
            return self._exchange.ask(request, token, headers, silence)
        return answer

    def _renewed(self, refused: Secret) -> Secret:
        """The token that stands by now where the refused one stood. Unauthenticated when it still does."""
        if not self._token.renewed_since(refused):
            raise self._shut_out()
        return self._token.current()

    def _shut_out(self) -> Unauthenticated:
        return Unauthenticated(
            f"{self.server.host} does not know the token from {self.server.token}: it is wrong, expired or revoked",
            f"{NEW_TOKEN}; put it where {self.server.token} stands",
        )

    def _read(self, kind: TypeForm[T], answer: Answer) -> T:
        """What the answer says. Dropped for one that no keytui server gives: something stands between."""
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise self._shut_out()
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return self._decoded(kind, answer.body if answer.status != HTTPStatus.NO_CONTENT else b"null")
        if answer.media_type != MEDIA_TYPE:
            raise self._stranger(answer)
        error = error_of(self._decoded(Problem, answer.body))
        of_issuer = isinstance(error, IssuerAway | OutcomeUnknown)  # the server knows all that there is to know
        certain = answer.status < _DOUBTFUL or of_issuer
        raise error if certain else Dropped(error.message, error.hint)

    def _decoded(self, kind: TypeForm[T], body: bytes) -> T:
        try:
            return decode(kind, body)
        except Invalid:
            raise Dropped(
                f"{self.server.host} answered with what no keytui server says",
                "check the address; the server may also be of another version than this keytui",
            ) from None

    def _stranger(self, answer: Answer) -> Unreachable:
        host = self.server.host
        if answer.status < HTTPStatus.BAD_REQUEST:
            return NotSent(f"{host} sends us elsewhere, which is not followed", "name the server's own address")
        told = f"{host} answered {answer.status}, and not as a keytui server does"
        hint = "check the address, and what stands between here and there"
        return Dropped(told, hint) if answer.status >= _DOUBTFUL else NotSent(told, hint)
