"""How a log's clock goes from line to line: silence that is believed, holes that are not, and lines out of time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

_DAY: Final = 86_400.0
_LATE: Final = _DAY
"""Seconds that a line may be older than one before it: workers write at the end of a request, some of them late."""
_QUIET: Final = 8 * _DAY
"""Seconds without any line that one file may have, as over a week of holidays; more is a hole."""
_NEVER: Final = 366 * _DAY
"""Seconds that no file is silent for: the lines before are of a clock that was not set."""
_SET_BACK: Final = 20
"""Lines in a row that are out of time, after which it is the clock before them that was wrong."""


class Hole(NamedTuple):
    """From the line before to the line after, in seconds since 1970."""

    start: float
    end: float


def beginning(times: Iterable[float]) -> tuple[float | None, bool]:
    """The time that a content begins with, by its first lines; and whether lines of a clock not set stand before it."""
    first = before = None
    jumped = False
    for at in times:
        if first is None or before is None:
            first = before = at
        elif at - before > _NEVER:
            first, jumped = at, True
        before = max(before, at)
    return first, jumped


class Clock:
    """Follows the times of the lines of one content after the other; none is later than `latest`."""

    def __init__(self, latest: float) -> None:
        self.at: float | None = None
        """The latest time that the content has come to."""
        self.expected = 0.0
        """A line from that time up to here needs no judging."""
        self._latest = latest
        self._in_a_row = 0
        self.begin_report()

    def begin_report(self) -> None:
        """Forget what the last report told."""
        self.holes: list[Hole] = []
        self.astray = 0
        self.astray_from = self.astray_to = 0.0

    def begin_content(self, at: float | None) -> None:
        """Its next line follows one of that time, if any."""
        self.at = at
        self._in_a_row = 0
        self.expected = 0.0

    def judge(self, at: float) -> bool:
        """Whether a time is believed: no day older than a line before it, unless the clock was set back."""
        before = self.at
        if before is not None and at < before - _LATE and self._in_a_row < _SET_BACK:
            self._in_a_row += 1
            self._stray(at, before)
            return False
        if before is not None and at > before + _QUIET:
            self.holes.append(Hole(before, at))
        self.at = at if before is None or at < before - _LATE else max(before, at)
        self._in_a_row = 0
        self.expected = min(self.at + _QUIET, self._latest)
        return True

    def _stray(self, at: float, before: float) -> None:
        """It came after the line before, whatever it says; or it is as old as it says."""
        self.astray_from = min(self.astray_from, at) if self.astray else at
        self.astray_to = max(self.astray_to, before)
        self.astray += 1
