"""A world that tests can hold still: a clock that moves when told, and randomness that repeats."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class StoppedClock:
    """Time stands still until `advance`."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


def repeatable_randomness(seed: int = 1) -> Callable[[int], bytes]:
    """Bytes that are the same in every run."""
    return random.Random(seed).randbytes  # noqa: S311  # a test wants the same secrets every time


def eventually(holds: Callable[[], object], within: float = 5.0) -> float:
    """Wait until something holds; the seconds that it took. Fails when it does not hold within `within` seconds."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > within:
            raise AssertionError(f"it did not come true within {within} s")
        time.sleep(0.005)
    return time.monotonic() - began
