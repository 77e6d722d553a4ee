"""Adds lines up by version, caller and minute, as a recorder adds up requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Final

from keytui.domain.recognition import Recognised
from keytui.domain.secrets import PREFIX_LENGTH
from keytui.domain.text import harmless
from keytui.domain.usage import MOST_ROUTES, NO_KEY, OTHER_ROUTES, Caller, RouteUse, Use, route_of
from keytui.probes.access_log.clock import Clock
from keytui.probes.access_log.counts import FileCounts
from keytui.probes.access_log.leaks import Leaks
from keytui.probes.access_log.line import Line, Names

LONGEST_NAME: Final = 200
_REFUSALS: Final = (401, 403)
_Who = tuple[str, str, str]
"""A declared name, or an address and an agent."""


class Added(Enum):
    """What became of one line."""

    COUNTED = auto()
    WHOLE_SECRET = auto()
    """Counted, and its key's field holds the secret itself."""
    NOT_AT_ALL = auto()
    """It names a key and no time: it cannot be placed."""


class Sum:
    """Requests that are the same but for their time. Times are seconds since 1970."""

    __slots__ = ("count", "first", "last", "pause")

    def __init__(self, at: float) -> None:
        self.count = 1
        self.first = self.last = at
        self.pause = 0.0

    def add(self, at: float) -> None:
        """One more; lines may come out of order, and then a pause may be taken for longer than it was."""
        self.count += 1
        if at > self.last:
            self.pause = max(self.pause, at - self.last)
            self.last = at
        elif at < self.first:
            self.first = at


class Tally:
    """What lines amount to since the last report. `counts` are those of the file that is being read."""

    def __init__(self, names: Names, leaks: Leaks, latest: float) -> None:
        self.counts = FileCounts()
        self.first: float | None = None
        self.last: float | None = None
        self.recognised = self.by_prefix = False
        self._names = names
        self._name = names.of
        self._leaks = leaks
        self.latest = latest
        self.clock = Clock(latest)
        self._named: dict[str, set[str]] = {}
        self.begin()

    def begin(self) -> None:
        """Add up anew, after a report."""
        self.clock.begin_report()
        self.lines = 0
        self.skewed = 0
        self.blind = 0
        self.blind_since: float | None = None
        self._sums: dict[tuple[str, int, _Who, int, bool], Sum] = {}
        self._routes: dict[tuple[str, str, int], list[int]] = {}

    @property
    def size(self) -> int:
        """How many sums a report of it would carry."""
        return len(self._sums) + len(self._routes)

    def add(self, line: Line, leaked: Recognised | None = None) -> Added:
        """Count one line, in which `leaked` stood whole. Of such a line no field is kept that holds a secret."""
        at, address, agent, status, path, key, version, caller, zoneless = line
        counts = self.counts
        if zoneless:
            counts.zoneless += 1
        if at is not None:
            if self.last is not None and self.last <= at <= self.clock.expected:
                self.last = self.clock.at = at
            elif not self._in_time(at):
                return Added.COUNTED
        if not key and leaked is None:
            counts.without_key += 1
            return Added.COUNTED
        if at is None:
            return Added.NOT_AT_ALL
        found = (self._name(key) if not version else self._found(key, version)) or leaked
        if found is None:
            self._add_unknown(key, address, status, at)
            return Added.COUNTED
        self.recognised = True
        self.by_prefix = self.by_prefix or found.by_prefix
        if leaked is not None or found.whole_secret:
            weak = key if found.whole_secret else ""
            caller, address, agent, path = (self._leaks.left_of(text, weak) for text in (caller, address, agent, path))
        self._add(found, (caller, "", "") if caller else ("", address, agent), status, at, path)
        return Added.WHOLE_SECRET if found.whole_secret else Added.COUNTED

    def _in_time(self, at: float) -> bool:
        """Whether a time is believed: not still to come, and not out of time; the ones that are not are counted."""
        if at > self.latest:
            self.counts.skewed += 1
            self.skewed += 1
            return False
        holes = len(self.clock.holes)
        if not self.clock.judge(at):
            self.counts.astray += 1
            return False
        if self.first is None or len(self.clock.holes) > holes or at < self.first:
            self.first = at
        self.last = at if self.last is None else max(self.last, at)
        return True

    def miss(self, count: int = 1) -> None:
        """Lines were lost that may have been requests."""
        if not self.blind:
            self.blind_since = self.last
        self.blind += count

    def _found(self, key: str, version: str) -> Recognised | None:
        return self._name(f"{key}:{version}") or self._name(key)

    def _add_unknown(self, key: str, address: str, status: int, at: float) -> None:
        if self._names.recogniser.ambiguous(key):
            self.counts.shared += 1
            self.miss()
            return
        self.counts.unknown += 1
        if len(key) < PREFIX_LENGTH:
            self.counts.short += 1
        if status in _REFUSALS:
            line = NO_KEY, 0, ("", address, ""), int(at // 60), False
            known = self._sums.get(line)
            if known is None:
                self._sums[line] = Sum(at)
            else:
                known.add(at)

    def _add(self, found: Recognised, who: _Who, status: int, at: float, path: str) -> None:
        """See docs/decisions/0008: an answer that proves nothing counts against a version that has a successor."""
        accepted = status not in _REFUSALS
        if accepted and not 100 <= status < 400 and self._names.recogniser.newest(found):
            self.counts.undecided += 1
            return
        minute = int(at // 60)
        key_id = found.key_id
        line = key_id, found.version, who, minute, accepted
        known = self._sums.get(line)
        if known is None:
            self._sums[line] = Sum(at)
        else:
            known.add(at)
        if accepted:
            self.counts.accepted += 1
        else:
            self.counts.refused += 1
        if path:
            both = self._routes.get((key_id, route := route_of(path.partition("?")[0]), minute))
            if both is None:
                both = self._routes.setdefault((key_id, self._told_apart(key_id, route), minute), [0, 0])
            both[not accepted] += 1

    def _told_apart(self, key_id: str, route: str) -> str:
        """The route, or the name of all further ones once a key has many."""
        named = self._named.setdefault(key_id, set())
        if len(named) >= MOST_ROUTES and route not in named:
            return OTHER_ROUTES
        named.add(route)
        return route

    def uses(self) -> tuple[Use, ...]:
        """The sums, as a report has them."""
        callers: dict[_Who, Caller] = {}
        return tuple(_use(line, sum_, callers) for line, sum_ in self._sums.items())

    def routes(self) -> tuple[RouteUse, ...]:
        """The requests of known keys by route."""
        return tuple(
            RouteUse(key_id, route, moment(minute * 60), accepted, refused)
            for (key_id, route, minute), (accepted, refused) in self._routes.items()
        )


def moment(at: float) -> datetime:
    """Seconds since 1970 as a time."""
    return datetime.fromtimestamp(at, UTC)


def _use(line: tuple[str, int, _Who, int, bool], total: Sum, callers: dict[_Who, Caller]) -> Use:
    key_id, version, who, minute, accepted = line
    caller = callers.get(who)
    if caller is None:
        name, address, agent = (harmless(text[:LONGEST_NAME]) for text in who)
        caller = callers[who] = Caller.called(name) if name else Caller.undeclared(address, agent)
    return Use(
        key_id,
        version,
        caller,
        moment(minute * 60),
        moment(total.first),
        moment(total.last),
        accepted=total.count if accepted else 0,
        refused=0 if accepted else total.count,
        longest_gap=timedelta(seconds=total.pause) if accepted else timedelta(),
    )
