"""Time comes in as an argument; this is the one clock that is real."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the current time, aware, in UTC."""


def utc_now() -> datetime:
    """The system clock."""
    return datetime.now(UTC)
