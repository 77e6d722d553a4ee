"""Who uses what, and what falls due."""

from __future__ import annotations

from datetime import datetime

from keytui.domain.durations import to_the_second
from keytui.domain.monitor import CallerTraffic, Monitor
from keytui.domain.ranges import Range
from keytui.domain.usage import Caller, CallerUse, Usage
from keytui.vault.model import Due
from keytui.vault.remote.parts import MOST_ROWS
from keytui.vault.remote.section import Section, key_path


class Monitoring(Section):
    """Counted at the server."""

    def callers(self, key_id: str) -> tuple[CallerUse, ...]:
        return self._line.get(tuple[CallerUse, ...], key_path(key_id, "/callers"))

    def usage(self, key_id: str | None, since: datetime, limit: int) -> tuple[Usage, ...]:
        query = {"since": since.isoformat(), "limit": str(min(limit, MOST_ROWS)), **_of(key_id)}
        return self._line.get(tuple[Usage, ...], "/admin/usage", query)

    def monitor(self, over: Range, limit: int, key_id: str | None = None) -> Monitor:
        query = {"range": to_the_second(over.span), "limit": str(min(limit, MOST_ROWS)), **_of(key_id)}
        return self._line.get(Monitor, "/admin/monitor", query)

    def caller_traffic(self, key_id: str) -> tuple[CallerTraffic, ...]:
        return self._line.get(tuple[CallerTraffic, ...], key_path(key_id, "/traffic"))

    def caller_keys(self, caller: Caller) -> tuple[CallerTraffic, ...]:
        return self._line.ask(tuple[CallerTraffic, ...], "/admin/callers/keys", {"caller": caller})

    def schedule(self, until: datetime) -> tuple[Due, ...]:
        return self._line.get(tuple[Due, ...], "/admin/schedule", {"until": until.isoformat()})


def _of(key_id: str | None) -> dict[str, str]:
    return {} if key_id is None else {"key_id": key_id}
