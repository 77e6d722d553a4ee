"""Uses of secrets that are known and refused at the door, on their way into the vault.

They are written behind the answer. Written before it, they made a refusal of a known secret take longer than one of a
secret that nobody ever had, and so told which it was.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from keytui.domain.errors import KeytuiError
from keytui.domain.monitor import MINUTE
from keytui.domain.usage import Use
from keytui.vault.local.database import Database
from keytui.vault.local.tables import CallerRow
from keytui.vault.local.usage.recording import count_uses

_AT_ONCE: Final = 1_000
"""Uses that wait in memory; further ones are forgotten, as those within one minute of another are."""

_log = logging.getLogger("keytui.vault")


class RefusedUses:
    """Noted in memory; a thread writes them, and ends when none is left."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, int, str, datetime], Use] = {}
        self._thread: threading.Thread | None = None

    def note(self, use: Use) -> None:
        with self._lock:
            if len(self._waiting) < _AT_ONCE:
                self._waiting[use.key_id, use.version, use.caller.name, use.minute] = use
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._write_all, name="keytui-refused-uses", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Wait for those that were noted."""
        with self._lock:
            writing = self._thread
        if writing is not None:
            writing.join(timeout=5)

    def _write_all(self) -> None:
        while uses := self._taken():
            try:
                with self._database.writing() as session:
                    count_uses(session, [use for use in uses if not was_noted(session, use)])
            except KeytuiError as error:
                _log.warning("%s refused uses are counted nowhere: %s", len(uses), error.message)

    def _taken(self) -> list[Use]:
        """What waits. With nothing left the thread ends, which is said under the lock: the next use starts another."""
        with self._lock:
            uses = list(self._waiting.values())
            self._waiting.clear()
            if not uses:
                self._thread = None
            return uses


def was_noted(session: Session, use: Use) -> bool:
    """Whether it was counted within the last minute: who asks every second shall not write every second."""
    caller = select(CallerRow.id).where(
        CallerRow.key_id == use.key_id,
        CallerRow.version == use.version,
        CallerRow.name == use.caller.name,
        CallerRow.declared == use.caller.declared,
        col(CallerRow.last_seen) > use.last_at - MINUTE,
        col(CallerRow.accepted if use.accepted else CallerRow.refused) > 0,
    )
    return session.exec(caller).first() is not None
