"""What moves: the change feed, asked for at the server, which waits until there is something to say."""

from __future__ import annotations

import time
from typing import Final

from keytui.vault.model import Changes
from keytui.vault.remote.section import Section

_ONE_WAIT: Final = 10.0
"""Seconds that one question waits: less than any proxy lets a line be silent."""


class Following(Section):
    """The one feed there is."""

    def changes(self, after: int, timeout: float) -> Changes:
        until = time.monotonic() + timeout
        began = seen = self._waited(after, min(timeout, _ONE_WAIT))
        after = after or began.position
        while seen.position <= after and seen.usage_as_of == began.usage_as_of:
            left = until - time.monotonic()
            if left <= 0:
                break
            seen = self._waited(after, min(left, _ONE_WAIT))
        return seen

    def _waited(self, after: int, timeout: float) -> Changes:
        query = {"after": str(after), "timeout": f"{max(timeout, 0):.3f}"}
        return self._line.get(Changes, "/admin/changes", query, timeout)
