"""One thread that follows the vault's changes for the whole process, and tells everybody who wants to know."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

from keytui.domain.errors import KeytuiError
from keytui.server.token_book import TokenBook
from keytui.vault.model import Changes
from keytui.vault.protocol import Vault

ASK_FOR: Final = 0.4
"""Seconds that one question for changes may take; each answer, an empty one too, is contact with the vault."""
Listener = Callable[[Changes, bool], None]
"""Called from the thread with what moved, and whether a token has come or gone."""

_log = logging.getLogger("keytui.server")


class Following:
    """The vault's one feed, asked once for all: a console more or less costs no thread and no query."""

    def __init__(self, vault: Vault, book: TokenBook, listeners: Sequence[Listener]) -> None:
        self._vault = vault
        self._book = book
        self._listeners = listeners
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keytui-following", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        position, lost = 0, False
        while not self._stopping.is_set():
            try:
                changes = self._vault.changes(position, ASK_FOR)
                moved, position = self._book.refresh(), changes.position
                for listener in self._listeners:
                    listener(changes, moved)
                lost = False
            except Exception as error:  # whatever the database is made of: the book turns stale by itself
                if not lost and not self._stopping.is_set():
                    told = error.message if isinstance(error, KeytuiError) else type(error).__name__
                    _log.warning("lost contact with the vault: %s", told)
                lost = True
                self._stopping.wait(ASK_FOR)
