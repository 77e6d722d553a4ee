"""Refusals on their way into the log: the first of a kind at once, and whoever repeats it fills the log no further."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keytui.domain.access import Principal
from keytui.domain.audit import Event

TOLD_EVERY: Final = timedelta(minutes=5)
"""How long repeats are counted before they have an entry, together."""
_Kind = tuple[str | None, str, str]
"""A tenant, who, and what they tried."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What somebody was refused, so many times."""

    principal: Principal
    operation: str
    why: str
    count: int = 1

    @property
    def kind(self) -> _Kind:
        return self.principal.tenant, self.principal.operator_id or self.principal.actor.name, self.operation

    @property
    def event(self) -> Event:
        details = {"operation": self.operation, "role": str(self.principal.role), "why": self.why}
        counted = {"count": str(self.count)} if self.count > 1 else {}
        return Event("access.refused", details=details | counted, refused=True)


@dataclass(slots=True)
class _Untold:
    newest: Refusal
    count: int = 0
    told_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Both ways, so that a clock that was set back does not stretch the time."""
        return self.told_at is None or abs(now - self.told_at) >= TOLD_EVERY


class Refusals:
    """Counts in memory, of one process. As many kinds as there are tokens and operations, at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_kind: dict[_Kind, _Untold] = {}

    def note(self, refusal: Refusal) -> None:
        """One more, or several that could not be told."""
        with self._lock:
            untold = self._by_kind.setdefault(refusal.kind, _Untold(refusal))
            untold.newest = refusal
            untold.count += refusal.count

    def take(self, now: datetime, *, everything: bool = False) -> tuple[Refusal, ...]:
        """What is due in the log, once."""
        taken = []
        with self._lock:
            for kind, untold in tuple(self._by_kind.items()):
                if not everything and not untold.is_due(now):
                    continue
                if untold.count:
                    newest = untold.newest
                    taken.append(Refusal(newest.principal, newest.operation, newest.why, untold.count))
                    untold.count, untold.told_at = 0, now
                else:
                    del self._by_kind[kind]
        return tuple(taken)
