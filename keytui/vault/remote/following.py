"""What moves: the change feed, asked for at the server, which waits until there is something to say."""

from __future__ import annotations

from keytui.vault.model import Changes
from keytui.vault.remote.section import Section


class Following(Section):
    """The one feed there is."""

    def changes(self, after: int, timeout: float) -> Changes:
        query = {"after": str(after), "timeout": f"{timeout:.3f}"}
        return self._line.get(Changes, "/admin/changes", query, timeout)
