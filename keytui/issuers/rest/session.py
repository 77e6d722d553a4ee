"""Who we are to a platform: nobody, a credential in a header, or a login whose cookies are renewed once they expire."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

from keytui.domain.errors import Invalid, Refused, Unreachable
from keytui.domain.json_pointers import MISSING, at, put
from keytui.domain.references import Reference, Resolve
from keytui.domain.secrets import Secret
from keytui.issuers.rest.answers import said
from keytui.issuers.rest.description import Access, CookieLogin
from keytui.issuers.rest.documents import parsed
from keytui.issuers.rest.exchange import Answer, Exchange, Question

_NOT_LET_IN: Final = frozenset({401, 403})


class Session:
    """Asks as whoever `access` says. Safe to share between threads.

    A password that was refused is not tried again until another one stands there: platforms lock a user after a few.
    """

    def __init__(self, access: Access, exchange: Exchange, resolve: Resolve, errors: tuple[str, ...]) -> None:
        self._access = access
        self._exchange = exchange
        self._resolve = resolve
        self._errors = errors
        self._cookies: Secret | None = None
        self._refused = ""
        self._lock = threading.Lock()

    @property
    def who(self) -> str:
        """Which credential is ours, for an error."""
        if isinstance(self._access, CookieLogin):
            return f"the user of {self._access.user}"
        return "us without a credential" if self._access is None else f"the credential {self._access.credential}"

    def ask(self, question: Question) -> Answer:
        """The answer, whatever its status; after another login where the session had expired."""
        access = self._access
        if not isinstance(access, CookieLogin):
            return self._exchange.ask(question, *self._header())
        cookies = self._cookies
        fresh = cookies is None
        if cookies is None:
            cookies = self._logged_in(access, None)
        answer = self._ask_with(cookies, question)
        if answer.status in _NOT_LET_IN and not fresh and self._expired(access, cookies):
            answer = self._ask_with(self._logged_in(access, cookies), question)
        return answer

    def _header(self) -> tuple[Mapping[str, str], tuple[Secret, ...]]:
        access = self._access
        if access is None or isinstance(access, CookieLogin):
            return {}, ()
        secret = self._sendable(access.credential)
        if access.header:
            return {access.header: secret.reveal()}, (secret,)
        return {"Authorization": f"Bearer {secret.reveal()}"}, (secret,)

    def _ask_with(self, cookies: Secret, question: Question) -> Answer:
        return self._exchange.ask(question, {"Cookie": cookies.reveal()}, _each_of(cookies))

    def _expired(self, access: CookieLogin, cookies: Secret) -> bool:
        """Whether the session is nobody's any more, and not its user who may not do this."""
        if not access.probe:
            return True
        answer = self._ask_with(cookies, Question("GET", access.probe))
        return answer.status in _NOT_LET_IN or at(parsed(answer.body), access.probe_user) in (None, MISSING)

    def _logged_in(self, access: CookieLogin, instead_of: Secret | None) -> Secret:
        """The cookies of a session; of another thread's, if that has logged in meanwhile."""
        with self._lock:
            if self._cookies is not None and self._cookies != instead_of:
                return self._cookies
            self._cookies = None
            self._cookies = self._log_in(access)
            return self._cookies

    def _log_in(self, access: CookieLogin) -> Secret:
        user, password = self._resolve(access.user), self._resolve(access.password)
        tried = Secret(f"{user.reveal()}\n{password.reveal()}").digest()
        if tried == self._refused:
            raise Refused(
                f"{self._exchange.whose} has refused {access.password} before, which is not tried again",
                "correct it: a platform locks a user after a few wrong passwords",
            )
        body = put(put({}, access.user_at, user.reveal()), access.password_at, password.reveal())
        answer = self._exchange.ask(Question("POST", access.path, body=body, secrets=(user, password)), {})
        if answer.status in _NOT_LET_IN or answer.status == 400:
            self._refused = tried
            raise Refused(
                f"{self._exchange.whose} does not log {access.user} in ({answer.status}){said(answer, self._errors)}",
                f"correct {access.user} and {access.password}; it is not tried again with these",
            )
        if not 200 <= answer.status < 300:
            raise Unreachable(
                f"{self._exchange.whose} logs nobody in ({answer.status}){said(answer, self._errors)}",
                "see whether it runs, and whether login.path is right",
            )
        if not answer.cookies:
            raise Invalid(f"{self._exchange.whose}: its login gives no cookie", "correct login.path")
        return Secret("; ".join(f"{name}={value}" for name, value in answer.cookies.items()))

    def _sendable(self, reference: Reference) -> Secret:
        secret = self._resolve(reference)
        value = secret.reveal()
        if not value.isascii() or not value.isprintable() or value != value.strip() or not value:
            raise Invalid(f"{reference} holds what no header can carry", "check what it names: blanks around it count")
        return secret


def _each_of(cookies: Secret) -> tuple[Secret, ...]:
    """The values by themselves: a platform that repeats one does not repeat them all."""
    return tuple(Secret(pair.partition("=")[2]) for pair in cookies.reveal().split("; "))
