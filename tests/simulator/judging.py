"""A world's answers held against its truth."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from keytui.domain.usage import Caller
from keytui.domain.verdict import Question, Verdict
from tests.simulator.faults import NAMED, Fault
from tests.simulator.telling import Answer
from tests.simulator.world import DAY, HOUR, SECOND, WEEK, Move, Program, World

_QUIET, _WATCH, _SHARED, _FIRST = DAY, HOUR, 8 * DAY, 3 * DAY
_MARGIN = 1.02
_NEVER_COMPLETE = frozenset({Fault.CLOCK_BACK, Fault.CLOCK_AHEAD})
"""A clock that was wrong leaves times behind that are."""
_LATE = frozenset({Fault.LATE_SERVICE, Fault.LATE_EVERYWHERE})
_MAY_BE_SAFE = frozenset({Fault.FORGED})
"""Lines that could be forged stop nothing where recorders have seen everything beside them."""

_KNOWN_AFTER = frozenset({Fault.DROPPED, Fault.LOST_FLUSH})
"""The next flush tells of them; until then the recorder is merely late."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One promise that an answer broke."""

    seed: int
    at: float
    what: str


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer beside the truth. `complete`: the old version is idle for long enough, and the evidence is whole."""

    answer: Answer
    complete: bool
    wrong: tuple[Wrong, ...]
    escaped: bool = False
    """A job needs the old version that nothing ever recorded, and that SAFE's assumption leaves out."""


def judged(world: World, answers: list[Answer]) -> list[Judged]:
    """Every answer, held against the truth."""
    found = []
    for answer in answers:
        truth = Truth(world, answer.at, answer.assessment.question)
        wrong = tuple(Wrong(world.seed, answer.at, what) for what in _wrongs(truth, answer))
        safe = answer.assessment.verdict is Verdict.SAFE
        found.append(Judged(answer, truth.complete(), wrong, safe and bool(truth.needing)))
    return found


def _too_early(truth: Truth, assumption: str) -> Iterator[str]:
    """What speaks against a SAFE."""
    covered, unnamed = covered_by(assumption), covered_by(assumption, _UNNAMED)
    for program in truth.needing:
        if not truth.escapes(program, covered, unnamed):
            yield f"SAFE while {program.caller.name} ({program.pace}, {program.move}) still needs the old version"
    if truth.too_soon:
        yield "SAFE before the window has passed"
    for caller in truth.before_a_weekend():
        yield f"SAFE before a weekend of {caller.name} can have shown"
    if truth.sole is not None and truth.sole not in _MAY_BE_SAFE and truth.bites(truth.sole):
        yield f"SAFE in spite of {truth.sole}"


def _wrongs(truth: Truth, answer: Answer) -> Iterator[str]:
    assessment = answer.assessment
    if assessment.verdict is Verdict.SAFE:
        yield from _too_early(truth, assessment.assumption)
    findings = [each for each in assessment.reasons if each.verdict is assessment.verdict and not each.waived_by]
    if not findings or not all(each.source and each.detail for each in findings):
        yield f"{assessment.verdict} without a source or a detail"
    if assessment.verdict is not Verdict.SAFE and not all(each.remedy for each in findings):
        yield f"{assessment.verdict} without a remedy"
    if assessment.verdict is Verdict.UNKNOWN and truth.sole is not None and truth.missing(truth.sole):
        said = " ".join(f"{each.detail} {each.subject}" for each in findings)
        if not any(words in said for words in NAMED[truth.sole]):
            yield f"UNKNOWN, and no finding names {truth.sole}"


_EVERYBODY = r"silent periods of up to (.+?) are covered"
_UNNAMED = r"less often than every ([0-9dhms ]+) behind a caller that declares no name"


def covered_by(assumption: str, words: str = _EVERYBODY) -> float:
    """The silent period, in hours, that SAFE's assumption claims to have covered; without one it claims everything."""
    found = re.search(words, assumption)
    if found is None:
        return inf
    sizes = {"d": DAY, "h": HOUR, "m": HOUR / 60, "s": HOUR / 3600}
    return sum(int(count) * sizes[unit] for count, unit in re.findall(r"(\d+) ([dhms])", found[1]))


def _by_caller(world: World) -> dict[Caller, list[Program]]:
    found: dict[Caller, list[Program]] = defaultdict(list)
    for program in world.programs:
        found[program.caller].append(program)
    return found


class Truth:
    """What is so at one moment of a world."""

    def __init__(self, world: World, at: float, question: Question) -> None:
        self._world = world
        self._at = at
        self._since = world.handed_over if question is Question.RETIRE else world.suspended
        self._question = question
        self.too_soon = at - self._since < (_QUIET if question is Question.RETIRE else _WATCH)
        self.needing = world.needing_old(at)
        self.sole: Fault | None = next(iter(world.faults)) if len(world.faults) == 1 else None

    def escapes(self, program: Program, covered: float, unnamed: float) -> bool:
        """Whether SAFE's assumption leaves it out: nothing recorded it, or only as one of several without a name, and
        it has not come in the time that is covered.
        """
        before = program.times[: bisect_right(program.times, self._at)]
        silent = self._at - before[-1] if before else inf
        unrecorded = program.told_at > self._at
        return (unrecorded and silent > covered) or (program.caller.shared_possible and silent > unnamed)

    def before_a_weekend(self) -> list[Caller]:
        """Callers that left the old version within their first week, and have not been silent for three days. Where
        nothing went wrong, so that what was recorded is the truth.
        """
        if self._world.faults:
            return []
        return [caller for caller, programs in _by_caller(self._world).items() if self._left_lately(programs)]

    def _left_lately(self, programs: list[Program]) -> bool:
        times, old = self._times(programs), self._times(programs, old=True)
        known = bool(old) and old[-1] - times[0] < WEEK / _MARGIN
        return known and self._at - old[-1] < _FIRST / _MARGIN

    def _times(self, programs: list[Program], *, old: bool | None = None) -> list[float]:
        """When any of them came so far; with `old`, with the old secret or with the new one."""
        came = ((each, at) for each in programs for at in each.times[: bisect_right(each.times, self._at)])
        return sorted(at for each, at in came if old is None or each.on_old(at) is old)

    def bites(self, fault: Fault) -> bool:
        """Whether evidence is missing or false, because of the fault, in the time that the question is about."""
        begin, end = self._world.faults[fault]
        if fault is Fault.REFUSALS and self._question is Question.COMPLETE:
            return False
        known_at = end if fault in _KNOWN_AFTER else begin + 15 * SECOND
        return known_at <= self._at and end >= self._since

    def missing(self, fault: Fault) -> bool:
        """Whether the fault is all that is in the way of SAFE."""
        return self.bites(fault) and self.complete(but_for=fault)

    def complete(self, but_for: Fault | None = None) -> bool:
        """Whether the old version is idle for long enough, and all of it was recorded. Strict: any doubt is no."""
        world, at = self._world, self._at
        if self.needing or self.too_soon or not world.proven:
            return False
        horizons = [self._moved(caller, programs) for caller, programs in _by_caller(world).items()]
        looked_at = [self._since, at - _QUIET]
        for horizon in horizons:
            if horizon is None:
                return False
            looked_at.append(horizon)
        return self._apps_seen() and self._whole(min(looked_at), but_for)

    def _moved(self, caller: Caller, programs: list[Program]) -> float | None:
        """How far back its silence has to be watched; None if it has not moved for all to see."""
        world, at = self._world, self._at
        if any(each.move is Move.SWITCHED_OFF for each in programs):
            return None
        times, old, new = (self._times(programs, old=which) for which in (None, True, False))
        if not old:
            return at
        pause = max((later - earlier for earlier, later in pairwise(times)), default=inf)
        periods = [
            max((b - a for a, b in pairwise(each.times[: bisect_left(each.times, at)])), default=inf)
            for each in programs
        ]
        pause = self._views(programs) * max(pause, *periods)
        first = _FIRST if old[-1] - self._recorded_since(old) < WEEK * _MARGIN else 0.0
        silence = max(_QUIET, 2 * pause, _SHARED if self._shared(caller) else 0.0, first) * _MARGIN
        watched = at - self._since if self._question is Question.RETIRE else at - max(old)
        late = self._question is Question.COMPLETE and max(old) > world.suspended
        if len(old) < 2 or len(new) < 2 or at - max(old) < silence or watched < pause * _MARGIN or late:
            return None
        return at - silence

    def _recorded_since(self, old: list[float]) -> float:
        """When it was first recorded: not before all services were."""
        begun = max((end for fault, (_, end) in self._world.faults.items() if fault in _LATE), default=0.0)
        return next((at for at in old if at >= begun), old[-1])

    def _views(self, programs: list[Program]) -> int:
        """How many recorders may each see a part of it: flushes days apart make each one's pauses look longer."""
        services = self._world.services
        asked = {each.service for each in programs}
        met = services if None in asked else [services[number] for number in asked if number is not None]
        return (
            sum(len(service.workers) for service in met)
            if max(map(len, (each.times for each in programs))) < 200
            else 1
        )

    def _shared(self, caller: Caller) -> bool:
        """Whether some source cannot tell it from others."""
        return caller.shared_possible or any(not source.knows_names for source in self._world.elsewhere)

    def _apps_seen(self) -> bool:
        return all(
            any(
                each.caller.name == app and not each.on_old(time)
                for each in self._world.programs
                for time in each.times
                if time <= self._at
            )
            for app in self._world.apps
        )

    def _whole(self, horizon: float, but_for: Fault | None) -> bool:
        if any(each.forgeable and not each.knows_names for each in self._world.elsewhere):
            return False  # it has callers of its own, and of those nobody vouches that they moved
        slack = 1.1 * self._world.silent_for
        for fault, (_, end) in self._world.faults.items():
            if fault is not but_for and (fault in _NEVER_COMPLETE or end + slack >= horizon):
                return False
        return True
