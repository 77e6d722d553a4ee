"""Refusals on their way into the log: the first of a kind at once, and whoever repeats it fills the log no further."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from keytui.domain.access import Principal
from keytui.domain.audit import Event

TOLD_EVERY: Final = timedelta(minutes=5)
"""How long repeats are counted before they have an entry, together."""
MOST_ABOUT: Final = 20
"""Keys that are told apart of what one asker is refused meanwhile; those beyond are counted together."""


@dataclass(frozen=True, slots=True)
class Concerning:
    """What a request names, as the client wrote it: nobody has looked yet whether that is there."""

    key_id: str = ""
    rotation_id: int | None = None
    approval_id: int | None = None


NOTHING: Final = Concerning()
_Kind = tuple[str | None, str, str, Concerning]
"""A tenant, who, what they tried, and on what."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What somebody was refused, so many times."""

    principal: Principal
    operation: str
    why: str
    count: int = 1
    about: Concerning = NOTHING

    @property
    def kind(self) -> _Kind:
        return (
            self.principal.tenant,
            self.principal.operator_id or self.principal.actor.name,
            self.operation,
            self.about,
        )

    @property
    def event(self) -> Event:
        details = {"operation": self.operation, "role": str(self.principal.role), "why": self.why}
        counted = {"count": str(self.count)} if self.count > 1 else {}
        approval = {} if self.about.approval_id is None else {"approval": str(self.about.approval_id)}
        return Event("access.refused", details=details | counted | approval, refused=True)


@dataclass(slots=True)
class _Untold:
    newest: Refusal
    count: int = 0
    told_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Both ways, so that a clock that was set back does not stretch the time."""
        return self.told_at is None or abs(now - self.told_at) >= TOLD_EVERY


class Refusals:
    """Counts in memory, of one process. Some kinds for each token and operation, at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_kind: dict[_Kind, _Untold] = {}

    def note(self, refusal: Refusal) -> None:
        """One more, or several that could not be told."""
        with self._lock:
            like = sum(kind[:3] == refusal.kind[:3] for kind in self._by_kind)
            if like >= MOST_ABOUT and refusal.kind not in self._by_kind:
                refusal = replace(refusal, about=NOTHING)
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
                    taken.append(replace(newest, count=untold.count))
                    untold.count, untold.told_at = 0, now
                else:
                    del self._by_kind[kind]
        return tuple(taken)
