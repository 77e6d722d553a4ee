"""The token that is shown to a server: where it is read, and when it is read again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Final

from keytui.domain.errors import Invalid
from keytui.domain.references import Reference
from keytui.domain.secrets import Secret
from keytui.vault.references import resolve

NEW_TOKEN: Final = "on the server's host, `keytui operators add NAME` makes one"  # noqa: S105  # the way to one
_READ_AGAIN_AFTER: Final = 5.0
"""Seconds after it was read anew in vain."""
_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 60.0
"""Seconds before a token that was refused is sent again: each time twice as long."""


class Token:
    """The token in use: read where it stands when it is first needed, and again when the server knows it no longer."""

    def __init__(self, reference: Reference, environment: Mapping[str, str] = os.environ) -> None:
        self._read: Callable[[], Secret] = lambda: resolve(reference, environment)
        self._current: Secret | None = None
        self._in_vain_at = -_READ_AGAIN_AFTER
        self._refused: Secret | None = None
        self._refused_at = 0.0
        self._pause = _FIRST_PAUSE
        self._lock = Lock()

    def current(self) -> Secret:
        """The token to send."""
        with self._lock:
            if self._current is None:
                self._current = fit_for_header(self._read())
            return self._current

    def renewed_since(self, refused: Secret) -> bool:
        """Whether there is another by now than the one that was refused. A command is not run for every question."""
        with self._lock:
            now = time.monotonic()
            if self._current == refused and now - self._in_vain_at >= _READ_AGAIN_AFTER:
                self._current = fit_for_header(self._read())
                self._in_vain_at = now if self._current == refused else self._in_vain_at
            return self._current != refused

    def refused(self, token: Secret) -> None:
        """The server does not know this one."""
        with self._lock:
            if self._refused != token:
                self._refused, self._pause = token, _FIRST_PAUSE
            else:
                self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            self._refused_at = time.monotonic()

    def is_dead(self, token: Secret) -> bool:
        """Whether the server refused it a moment ago. Asking on with it would lock the whole address out."""
        with self._lock:
            return self._refused == token and time.monotonic() - self._refused_at < self._pause

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
