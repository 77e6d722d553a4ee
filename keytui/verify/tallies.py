"""Requests added up in memory between two flushes, by key, version, caller and minute, and by route."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from keytui.domain.usage import MOST_ROUTES, OTHER_CALLERS, OTHER_ROUTES, Caller, RouteUse, Use

_MINUTE: Final = timedelta(minutes=1)
_NO_PAUSE: Final = timedelta()
_Line = tuple[str, int, str, bool, datetime, bool, bool]
"""Key, version, caller's name and whether it declared it, minute, accepted, probe."""
_Route = tuple[str, str, datetime]
"""Key, route, minute."""


class _Tally:
    """Requests of one line. Accepted and refused ones stand on lines apart, so that pauses are exact."""

    __slots__ = ("caller", "count", "first_at", "last_at", "longest_gap")

    def __init__(self, caller: Caller, at: datetime) -> None:
        self.caller = caller
        self.count = 1
        self.first_at = self.last_at = at
        self.longest_gap = _NO_PAUSE

    def add(self, at: datetime) -> None:
        self.count += 1
        if at > self.last_at:  # threads may come a moment out of order
            pause = at - self.last_at
            if pause > self.longest_gap:  # noqa: PLR1730  # max() takes longer than all else here
                self.longest_gap = pause
            self.last_at = at


class Tallies:
    """Not safe between threads: the recorder holds its lock. Bounded, and it counts what it has no room for."""

    def __init__(self, most_callers: int, most_lines: int) -> None:
        self._most_callers = most_callers
        self._most_lines = most_lines
        self._lines: dict[_Line, _Tally] = {}
        self._callers: dict[tuple[str, int], set[tuple[str, bool]]] = {}
        self._routes: dict[_Route, list[int]] = {}
        self._routes_of: dict[str, set[str]] = {}
        self._minute = self._next_minute = datetime.min.replace(tzinfo=UTC)
        self.dropped = 0

    def add(
        self, key_id: str, version: int, caller: Caller, at: datetime, *, accepted: bool, probe: bool, route: str
    ) -> None:
        """Count one request."""
        if not self._minute <= at < self._next_minute:
            self._minute = at.replace(second=0, microsecond=0)
            self._next_minute = self._minute + _MINUTE
        line = (key_id, version, caller.name, caller.declared, self._minute, accepted, probe)
        tally = self._lines.get(line)
        if tally is None:
            self._begin(line, caller, at)
        else:
            tally.add(at)
        if route and not probe:
            self._count_route(key_id, route, accepted)

    def uses(self) -> tuple[Use, ...]:
        return tuple(_use(line, tally) for line, tally in self._lines.items())

    def routes(self) -> tuple[RouteUse, ...]:
        return tuple(RouteUse(*route, refused=refused, accepted=ok) for route, (refused, ok) in self._routes.items())

    def _begin(self, line: _Line, caller: Caller, at: datetime) -> None:
        key_id, version, _, _, minute, accepted, probe = line
        callers = self._callers.setdefault((key_id, version), set())
        known = (caller.name, caller.declared)
        if caller is not OTHER_CALLERS and known not in callers:
            if len(callers) >= self._most_callers:
                caller = OTHER_CALLERS
                line = (key_id, version, caller.name, caller.declared, minute, accepted, probe)
                if line in self._lines:
                    self._lines[line].add(at)
                    return
            else:
                callers.add(known)
        if len(self._lines) >= self._most_lines:
            self.dropped += 1
        else:
            self._lines[line] = _Tally(caller, at)

    def _count_route(self, key_id: str, route: str, accepted: bool) -> None:
        counts = self._routes.get((key_id, route, self._minute))
        if counts is None:
            routes = self._routes_of.setdefault(key_id, set())
            if len(routes) >= MOST_ROUTES and route not in routes:
                route = OTHER_ROUTES
            else:
                routes.add(route)
            counts = self._routes.setdefault((key_id, route, self._minute), [0, 0])
        counts[accepted] += 1


def _use(line: _Line, tally: _Tally) -> Use:
    key_id, version, _, _, minute, accepted, probe = line
    return Use(
        key_id,
        version,
        tally.caller,
        minute,
        tally.first_at,
        tally.last_at,
        accepted=tally.count if accepted else 0,
        refused=0 if accepted else tally.count,
        longest_gap=tally.longest_gap if accepted else _NO_PAUSE,
        probe=probe,
    )
