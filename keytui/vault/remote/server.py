"""A team's server as a profile names it: its address, and where the token for it stands."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final
from urllib.parse import urlsplit

from keytui.domain.errors import Invalid
from keytui.domain.references import Reference
from keytui.domain.secrets import Secret
from keytui.domain.web_addresses import checked_web_address
from keytui.vault.references import resolve

NEW_TOKEN: Final = "on the server's host, `keytui operators add NAME` makes one"  # noqa: S105  # the way to one


@dataclass(frozen=True, slots=True)
class Server:
    """`url` ends without a slash. `certificates` is a file of those to trust instead of the system's; "" for none."""

    url: str
    token: Reference
    certificates: str = ""

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(checked_web_address(self.url))
        except Invalid as error:
            raise Invalid(f"the server's address {error.message}", error.hint) from None
        if parts.query or parts.fragment:
            raise Invalid("the server's address goes on after its path", "as in https://keys.example.com")
        object.__setattr__(self, "url", self.url.rstrip("/"))

    @property
    def host(self) -> str:
        """Host and port, as the status line names the server."""
        return urlsplit(self.url).netloc

    @property
    def encrypted(self) -> bool:
        """Whether the line is; without, it is this machine's own loopback."""
        return self.url.startswith("https:")


class Token:
    """The token in use: read where it stands when it is first needed, and again when the server knows it no longer."""

    def __init__(self, reference: Reference, environment: Mapping[str, str] = os.environ) -> None:
        self._read: Callable[[], Secret] = lambda: resolve(reference, environment)
        self._current: Secret | None = None
        self._lock = Lock()

    def current(self) -> Secret:
        """The token to send."""
        with self._lock:
            if self._current is None:
                self._current = fit_for_header(self._read())
            return self._current

    def renewed_since(self, refused: Secret) -> bool:
        """Whether there is another by now than the one that was refused."""
        with self._lock:
            if self._current == refused:
                self._current = fit_for_header(self._read())
            return self._current != refused

    def replace(self, token: Secret) -> None:
        """Use this one from now on, in this process."""
        with self._lock:
            self._current = token
            self._read = lambda: token


def fit_for_header(token: Secret) -> Secret:
    """The token, if it can stand in a header at all. Invalid repeats nothing of it."""
    value = token.reveal()
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise Invalid("what was given is no token: it holds blanks or characters that none has", NEW_TOKEN)
    return token
