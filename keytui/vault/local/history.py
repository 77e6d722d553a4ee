"""What lies behind the last minutes, kept between two looks at the monitor: it is much, and hardly changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from sqlmodel import Session

from keytui.domain.monitor import MINUTE, Range
from keytui.vault.local.counting import Claims, Stretch, claims
from keytui.vault.local.grains import floor
from keytui.vault.local.ledger import position

_FRESH: Final = timedelta(minutes=2)
"""What is younger is read at every look: recorders flush every second."""
_KEPT_FOR: Final = timedelta(minutes=5)
"""How late a request of earlier may show that a service could not report in time."""
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Past:
    """What was read of the stretch before `edge`."""

    since: datetime
    edge: datetime
    position: int
    """Of the audit log: an ingested log or anything else that somebody did is seen at once."""
    claims: Claims


class History:
    """The claims of each range up to a few minutes ago. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[Range, _Past] = {}

    def claims(self, session: Session, over: Range, now: datetime) -> Claims:
        """What the sources say of all keys from the range's start to now."""
        past = self._past(session, over, now)
        return past.claims + claims(session, Stretch(past.edge, now, over.bucket))

    def _past(self, session: Session, over: Range, now: datetime) -> _Past:
        since, here = over.start(now), position(session)
        with self._lock:
            past = self._kept.get(over)
            young = past is not None and timedelta() <= now - past.edge <= _FRESH + _KEPT_FOR
            if past is None or not young or (past.since, past.position) != (since, here):
                edge = max(since, floor(now - _FRESH, MINUTE))
                past = _Past(since, edge, here, claims(session, Stretch(since, edge - _MICROSECOND, over.bucket)))
                self._kept = {over: past}
            return past
