"""What every secret has to be answered, as far as those know who rotate it and those who use it."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from keytui.domain.verification import Outcome


@dataclass
class Known:
    """One version. Times are of the monotonic clock; None is not yet."""

    key_id: str
    number: int
    secret: str = field(repr=False)
    since: float = 0.0
    """When its client had it."""
    ending: float | None = None
    """When its end was asked for: from here on it may be refused."""
    ended: float | None = None
    """When its end was answered: from here on it has to be."""


class Ledger:
    """Shared by all clients."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_number: dict[tuple[str, int], Known] = {}
        self.versions: list[Known] = []
        self.counted: Counter[tuple[str, int, bool]] = Counter()
        """Answers that named a version: key, number, accepted."""
        self.met: Counter[str] = Counter()
        """What clients met besides."""
        self.answers = 0
        self.latest = 0.0
        """Seconds by which the most outdated answer was."""

    def issued(self, key_id: str, number: int, secret: str) -> Known:
        known = Known(key_id, number, secret, time.monotonic())
        with self._lock:
            self.versions.append(known)
            self._by_number[key_id, number] = known
        return known

    def version(self, key_id: str, number: int) -> Known:
        with self._lock:
            return self._by_number[key_id, number]

    def any_version(self, chance: random.Random) -> Known:
        """A version to ask with, more often a new one than an old one."""
        with self._lock:
            newest = self.versions[-64:]
            return chance.choice(newest if chance.random() < 0.8 else self.versions)

    def meet(self, what: str) -> None:
        with self._lock:
            self.met[what] += 1

    def answered(self, asked: Known, began: float, outcome: str) -> None:
        """Count an answer, and see how far it was behind what its client knew."""
        accepted = outcome == Outcome.ACCEPTED
        with self._lock:
            self.answers += 1
            if outcome != Outcome.UNKNOWN:
                self.counted[asked.key_id, asked.number, accepted] += 1
            self.latest = max(self.latest, _late(asked, began, accepted))


def _late(asked: Known, began: float, accepted: bool) -> float:
    if accepted:
        return 0.0 if asked.ended is None else began - asked.ended
    return began - asked.since if asked.ending is None else 0.0
