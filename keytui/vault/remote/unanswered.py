"""Changes whose answer was lost: asked for again here, they go out under the key that they had."""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from threading import Lock
from typing import Final

from keytui.domain.secrets import Randomness
from keytui.vault.remote.exchange import Request

_REPEATABLE_FOR: Final = 540.0
"""Seconds. The server keeps an answer for ten minutes; one is left for the way."""
_KEY_BYTES: Final = 32


class Unanswered:
    """The keys of changes that have had no answer yet. Nothing of it outlives the process."""

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness
        self._keys: dict[str, tuple[str, float]] = {}
        self._lock = Lock()

    def key_of(self, request: Request) -> str:
        """The key that this very change had when its answer was lost, or a new one."""
        with self._lock:
            key, since = self._keys.get(request.digest(), ("", 0.0))
        if key and time.monotonic() - since < _REPEATABLE_FOR:
            return key
        return urlsafe_b64encode(self._randomness(_KEY_BYTES)).rstrip(b"=").decode()

    def keep(self, request: Request, key: str, since: float) -> None:
        """Its answer is lost; `since` is when it first went out."""
        with self._lock:
            known, _ = self._keys.get(request.digest(), ("", 0.0))
            if known != key:
                self._keys[request.digest()] = key, since

    def forget(self, request: Request) -> None:
        """It was answered."""
        with self._lock:
            self._keys.pop(request.digest(), None)
