"""Times as logs write them, as seconds since 1970 UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_MONTHS: Final = {
    name: number
    for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1)  # noqa: SIM905
}
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_MOST_KEPT: Final = 4096


class Times:
    """Reads times, and knows those that it read last: most lines of a busy log share their second with a neighbour."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float | None, bool]] = {}
        self.zoneless = False
        """Whether the time read last named no zone, and was taken for UTC."""

    def read(self, value: object) -> float | None:
        """ISO 8601, the combined format's, or a count since 1970 in seconds or a fraction of them; None if neither."""
        if isinstance(value, str):
            known = self._known.get(value)
            if known is None:
                known = self._keep(value)
            at, self.zoneless = known
            return at
        self.zoneless = False
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _counted(value)
        return None

    def _keep(self, text: str) -> tuple[float | None, bool]:
        if len(self._known) >= _MOST_KEPT:
            self._known.clear()
        known = self._known[text] = _read(text)
        return known


def _read(text: str) -> tuple[float | None, bool]:
    """The time, and whether it names no zone."""
    try:
        if len(text) > 11 and text[2:3] == text[6:7] == "/":
            return _combined(text)
        if text.replace(".", "", 1).isdigit():
            return _counted(float(text)), False
        at = datetime.fromisoformat(text)
        zoneless = at.tzinfo is None
        return _bounded((at.replace(tzinfo=UTC) if zoneless else at).timestamp()), zoneless
    except (ValueError, KeyError, OverflowError):
        return None, False


def _combined(text: str) -> tuple[float | None, bool]:
    """`20/Nov/2026:23:35:40 +0000`, or without its zone."""
    zone = text[20:].strip()
    offset = timedelta()
    if zone:
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5])) * (-1 if zone[0] == "-" else 1)
    day, month, year = int(text[:2]), _MONTHS[text[3:6]], int(text[7:11])
    clock = int(text[12:14]), int(text[15:17]), int(text[18:20])
    return _bounded(datetime(year, month, day, *clock, tzinfo=timezone(offset)).timestamp()), not zone


def _counted(value: float) -> float | None:
    """Seconds, or milli-, micro- or nanoseconds: which of them, its size tells."""
    for unit in (1, 1_000, 1_000_000, 1_000_000_000):
        if value < _LATEST * unit:
            return _bounded(value / unit)
    return None


def _bounded(at: float) -> float | None:
    return at if 0 < at < _LATEST else None
