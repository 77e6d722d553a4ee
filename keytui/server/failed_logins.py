"""Wrong tokens on their way into the vault: gathered in memory, and told in one piece every few minutes."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from keytui.domain.errors import KeytuiError
from keytui.server.limits import MOST_CLIENTS

TELL_EVERY: Final = 300.0
"""Seconds between two lots; the first wrong token after a quiet time does not wait for the next."""
_FURTHER: Final = "further addresses"

_log = logging.getLogger("keytui.server")


class FailedLogins:
    """Counts by address. `tell` takes them into the vault, from a thread of its own."""

    def __init__(self, tell: Callable[[Mapping[str, int]], None], every: float = TELL_EVERY) -> None:
        self._tell = tell
        self._every = every
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._came = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keytui-failed-logins", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def note(self, address: str) -> None:
        """One more; touches memory only."""
        with self._lock:
            known = address in self._counts or len(self._counts) < MOST_CLIENTS
            self._counts[address if known else _FURTHER] += 1
        self._came.set()

    def close(self) -> None:
        """Tell what is left."""
        self._stopping.set()
        self._came.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._came.wait()
            self._came.clear()
            self._tell_all()
            self._stopping.wait(self._every)
        self._tell_all()

    def _tell_all(self) -> None:
        with self._lock:
            counts, self._counts = self._counts, Counter()
        try:
            self._tell(counts)
        except KeytuiError as error:
            _log.warning("%s wrong tokens are in no log: %s", counts.total(), error.message)
