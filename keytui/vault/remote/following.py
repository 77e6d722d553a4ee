"""What moves: heard on the server's event stream, or asked for where there is none."""

from __future__ import annotations

import time
from typing import Final

from keytui.domain.errors import Unreachable
from keytui.vault.model import Changes
from keytui.vault.remote.section import Section

_ONE_WAIT: Final = 5.0
"""Seconds that one question waits: less than any proxy lets a line be silent, and than whoever closes would wait."""


class Following(Section):
    """The one feed there is."""

    def changes(self, after: int, timeout: float) -> Changes:
        until = time.monotonic() + timeout
        heard = self._ground.stream.wait(after, timeout) if timeout > 0 else None
        if heard is not None:
            return heard
        try:
            seen = self._asked_until(after, until)
        except Unreachable:
            if not self._line.closed:
                raise
            return Changes(after)
        self._ground.stream.go_on_from(seen.position)
        return seen

    def _asked_until(self, after: int, until: float) -> Changes:
        began = seen = self._waited(after, until)
        after = after or began.position
        while seen.position <= after and seen.usage_as_of == began.usage_as_of and time.monotonic() < until:
            seen = self._waited(after, until)
        return seen

    def _waited(self, after: int, until: float) -> Changes:
        wait = min(max(until - time.monotonic(), 0.0), _ONE_WAIT)
        return self._line.get(Changes, "/admin/changes", {"after": str(after), "timeout": f"{wait:.3f}"}, wait)
