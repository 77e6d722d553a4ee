"""What lies behind the last minutes, kept between two looks at the monitor: it is much, and hardly changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from sqlmodel import Session

from keytui.domain.monitor import MINUTE
from keytui.domain.ranges import Range
from keytui.vault.local.ledger import position
from keytui.vault.local.usage.counting import Claims, Stretch, claims, sums
from keytui.vault.local.usage.grains import floor

_FRESH: Final = timedelta(minutes=2)
"""What is younger is read at every look: recorders flush every second."""
_KEPT_FOR: Final = timedelta(minutes=5)
"""How late a request of earlier may show that a service could not report in time."""
_TENANTS: Final = 32
"""Whose history is kept at the most: a long range of a large fleet is some megabytes."""
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Past:
    """What was read of the stretch before `edge`, of all keys or of these."""

    since: datetime
    edge: datetime
    position: int
    """Of the audit log: an ingested log or anything else that somebody did is seen at once."""
    claims: Claims
    keys: frozenset[str] | None = None

    def holds(self, since: datetime, now: datetime, position: int, keys: frozenset[str] | None) -> bool:
        """Whether it is still what would be read."""
        if self.keys is not None and (keys is None or not keys <= self.keys):
            return False
        young = timedelta() <= now - self.edge <= _FRESH + _KEPT_FOR
        return young and (self.since, self.position) == (since, position)


class History:
    """The claims of one range, and the sums of some keys, up to a few minutes ago. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._range: tuple[Range, _Past] | None = None
        self._sums: tuple[Range, _Past] | None = None

    def claims(self, session: Session, over: Range, now: datetime) -> Claims:
        """What the sources say of all keys from the range's start to now."""
        with self._lock:
            past = self._range[1] if self._range is not None and self._range[0] == over else None
            since, here = over.start(now), position(session)
            if past is None or not past.holds(since, now, here, None):
                past = _read(session, over, now, here, None)
                self._range = (over, past)
        return past.claims + claims(session, Stretch(past.edge, now, over.bucket))

    def sums(self, session: Session, over: Range, now: datetime, key_ids: Sequence[str]) -> Claims:
        """The same of some keys, and perhaps of a few more, without the buckets."""
        keys = frozenset(key_ids)
        with self._lock:
            past = self._sums[1] if self._sums is not None and self._sums[0] == over else None
            since, here = over.start(now), position(session)
            if past is None or not past.holds(since, now, here, keys):
                past = _read(session, over, now, here, keys)
                self._sums = (over, past)
        return past.claims + sums(session, Stretch(past.edge, now, over.bucket), key_ids)


class Histories:
    """One History for each tenant that somebody looks from, the most recent ones. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._of: dict[str | None, History] = {}

    def of(self, tenant: str | None) -> History:
        """What a principal of this tenant sees."""
        with self._lock:
            found = self._of.pop(tenant, None) or History()
            self._of[tenant] = found
            if len(self._of) > _TENANTS:
                del self._of[next(iter(self._of))]
            return found


def _read(session: Session, over: Range, now: datetime, here: int, keys: frozenset[str] | None) -> _Past:
    since = over.start(now)
    edge = max(since, floor(now - _FRESH, MINUTE))
    before = Stretch(since, edge - _MICROSECOND, over.bucket)
    found = claims(session, before) if keys is None else sums(session, before, sorted(keys))
    return _Past(since, edge, here, found, keys)
