"""The grains of stored usage: minutes become hours, and hours become days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Grain(IntEnum):
    """How many minutes one row of usage speaks of, from a full minute, hour or day, UTC."""

    MINUTE = 1
    HOUR = 60
    DAY = 1440


def floor(at: datetime, bucket: timedelta) -> datetime:
    """The start of the bucket that a time lies in; buckets are counted from 1970."""
    return at - (at - _EPOCH) % bucket
