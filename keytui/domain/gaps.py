"""Gaps: stretches of time of which an evidence source cannot speak."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class GapKind(StrEnum):
    """Why a stretch of evidence is missing."""

    UNCLEAN_END = "recorder ended uncleanly"
    SILENT = "recorder silent"
    DROPPED = "events dropped"
    MISSING_FLUSH = "flush missing"
    LOG_ROTATED = "log rotated away"
    COUNTER_RESET = "counter reset"
    ABSENT_SERIES = "series absent"
    CLOCK_SKEW = "clock skew"
    NO_RECORDER = "nothing recorded"


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which a source saw nothing and cannot say that nothing was there. An open end is now."""

    source: str
    kind: GapKind
    start: datetime
    end: datetime | None = None
    count: int = 0
