"""What may go wrong with the evidence of a world, and how a verdict must call it."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """One thing that was planted."""

    KILLED = "recorder killed and started again"
    KILLED_GONE = "recorder killed for good"
    CUT_OFF = "recorder cut off, then back"
    DROPPED = "events dropped"
    LOST_FLUSH = "flush lost"
    CLOCK_BACK = "recorder's clock set back"
    CLOCK_AHEAD = "recorder's clock ahead"
    LATE_SERVICE = "a service recorded late"
    LATE_EVERYWHERE = "recording began late"
    LOG_LAGS = "log lags"
    LOG_ROTATED = "log rotated away"
    LOG_LOST = "log not read any more"
    COUNTER_RESET = "counter reset"
    ABSENT_SERIES = "series absent"
    UNATTRIBUTABLE = "source mixes versions"
    FORGED = "forged lines"
    FALLBACK = "env fallback"
    REFUSALS = "refusals"
    OVERFLOW = "callers overflowed"
    UNPROVEN = "new version unproven"
    ABSENT_CONSUMER = "declared consumer never seen"


NAMED: dict[Fault, tuple[str, ...]] = {
    Fault.KILLED: ("recorder ended uncleanly",),
    Fault.KILLED_GONE: ("recorder silent", "recorder ended uncleanly", "spoke last"),
    Fault.CUT_OFF: ("recorder silent", "recorder ended uncleanly", "spoke last"),
    Fault.DROPPED: ("events dropped",),
    Fault.LOST_FLUSH: ("flush missing", "recorder silent", "spoke last"),
    Fault.CLOCK_BACK: ("clock skew", "recorder silent", "spoke last"),
    Fault.CLOCK_AHEAD: ("clock skew", "recorder silent", "ahead of the vault's clock"),
    Fault.LATE_SERVICE: ("nothing recorded", "saw nothing before"),
    Fault.LATE_EVERYWHERE: ("saw nothing before", "nothing records", "how many requests are refused"),
    Fault.LOG_LAGS: ("spoke last at", "saw nothing after"),
    Fault.LOG_ROTATED: ("log rotated away",),
    Fault.LOG_LOST: ("spoke last at", "saw nothing after"),
    Fault.COUNTER_RESET: ("counter reset",),
    Fault.ABSENT_SERIES: ("series absent",),
    Fault.UNATTRIBUTABLE: ("does not tell",),
    Fault.FORGED: ("forge",),
    Fault.FALLBACK: ("would still accept",),
    Fault.REFUSALS: ("refusals rose",),
    Fault.OVERFLOW: ("no room for",),
    Fault.UNPROVEN: ("never been accepted",),
    Fault.ABSENT_CONSUMER: ("named as a consumer",),
}
"""Words of which one must stand in an UNKNOWN's findings when the fault is all that is amiss."""
