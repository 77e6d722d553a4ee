"""Time comes in as an argument; this is the one clock that is real."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Gives the current time, aware, in UTC."""


def utc_now() -> datetime:
    """The system clock."""
    return datetime.now(UTC)


class Span:
    """A while that begins now. It never lasts longer than its length: a clock that is set back ends it."""

    def __init__(self, clock: Clock, length: timedelta, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._elapsed = clock, elapsed
        self._began = clock()
        self._ends = elapsed() + length.total_seconds()
        self.until = self._began + length
        """When it is over, if the clock is right."""

    @property
    def lasts(self) -> bool:
        """Whether it is not over yet."""
        return self._elapsed() < self._ends and self._began <= self._clock() < self.until
