"""Durations as operators write and read them: `30d`, `24h`, `90m`, `2w`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from keytui.domain.errors import Invalid

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
LONGEST: Final = timedelta(days=365 * 100)


def parse_duration(text: str) -> timedelta:
    """`30d`, `24h`, `1h30m`; Invalid for anything else, for nothing, and for more than a century."""
    if not re.fullmatch(r"(\d{1,9}[smhdw])+", text):
        raise Invalid(f"not a duration: {text!r}", "write a number and s, m, h, d or w, as in 90d or 1h30m")
    seconds = sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)([smhdw])", text))
    if not 0 < seconds <= LONGEST.total_seconds():
        raise Invalid(f"{text!r} is not between one second and a century", "as in 90d or 24h")
    return timedelta(seconds=seconds)


def to_the_second(duration: timedelta) -> str:
    """As `parse_duration` reads it, rounded down; of less than a second it makes one."""
    whole = max(duration, timedelta(seconds=1))
    return f"{whole.days}d{whole.seconds}s"


def short(duration: timedelta) -> str:
    """The largest fitting unit, as a table shows it: `12s`, `5m`, `3h`, `112d`."""
    seconds = max(int(duration.total_seconds()), 0)
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size * (1 if unit != "d" else 2):
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def long(duration: timedelta) -> str:
    """Two units, for a countdown: `21 h 14 m`, `3 d 4 h`."""
    seconds = max(int(duration.total_seconds()), 0)
    days, hours, minutes = seconds // 86_400, seconds % 86_400 // 3600, seconds % 3600 // 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} m"
    return f"{minutes} m {seconds % 60} s" if minutes else f"{seconds} s"
