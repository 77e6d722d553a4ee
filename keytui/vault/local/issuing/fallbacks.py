"""What would let an old version in whatever becomes of it, remembered for a moment.

Whoever watches a rotation reads its verdict every second, and an issuer may have to walk past all of its keys to tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final
from weakref import WeakValueDictionary

from keytui.clock import Clock

_KEPT: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class _Answer:
    places: tuple[str, ...]
    at: datetime


class RememberedFallbacks:
    """The last answers of a process, by key and version. One that is being asked for is waited for."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, int], _Answer] = {}
        self._locks: WeakValueDictionary[tuple[str, int], Lock] = WeakValueDictionary()
        self._guard = Lock()

    def of(self, version: tuple[str, int], clock: Clock, ask: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
        """The places, in words that "would accept it" can follow; at most ten seconds old."""
        with self._guard:
            lock = self._locks.setdefault(version, Lock())
        with lock:
            known, now = self._answers.get(version), clock()
            if known is not None and _is_fresh(known, now):
                return known.places
            answer = _Answer(ask(), now)
            with self._guard:
                fresh = {other: one for other, one in self._answers.items() if _is_fresh(one, now)}
                self._answers = {**fresh, version: answer}
            return answer.places


def _is_fresh(answer: _Answer, now: datetime) -> bool:
    """A clock that went back makes nothing young."""
    return answer.at <= now < answer.at + _KEPT
