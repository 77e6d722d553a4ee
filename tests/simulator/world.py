"""A world: who sends requests with which secret, where they are let in, who watches, and what goes wrong with that.

Times are hours since the world's beginning, as floats; `moment` turns them into the vault's. The truth is here, and
nothing of it reaches a vault but by way of what recorders and sources tell.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import inf

from keytui.domain.gaps import GapKind
from keytui.domain.reports import SourceKind
from keytui.domain.usage import Caller
from tests.simulator.faults import Fault

BEGINNING = datetime(2026, 1, 5, tzinfo=UTC)
HOUR, DAY, WEEK = 1.0, 24.0, 168.0
SECOND = 1 / 3600


def moment(hours: float) -> datetime:
    """The time of day that the vault's clock shows."""
    return BEGINNING + timedelta(hours=hours)


class Pace(StrEnum):
    """How often a program comes."""

    CONSTANT = "constant"
    WEEKDAYS = "office hours"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    RARE = "rarer than anything recorded"


class Move(StrEnum):
    """When a program is given the new secret."""

    ON_TIME = "on time"
    LATE = "late"
    NEVER = "never"
    TAKEN_BACK = "taken back"
    """Its deploy is rolled back within hours, and done again later or never."""
    SWITCHED_OFF = "switched off"
    """It ends instead."""


@dataclass(slots=True)
class Program:
    """One process that sends requests. Several may be one caller: replicas, or strangers behind one address."""

    caller: Caller
    pace: Pace
    move: Move
    times: tuple[float, ...]
    """When it comes, far beyond the last question."""
    old_until: float
    """From then on it sends the new secret; infinite if it never moves."""
    again: tuple[float, float] = (inf, inf)
    """From when until when it is back on the old secret."""
    service: int | None = None
    """Which service it asks; None: all of them by turns."""
    order: int = 0
    """Which of a service's workers it mostly meets."""
    told_at: float = inf
    """When a vault first heard of it."""

    def on_old(self, at: float) -> bool:
        """Which secret it sends."""
        return at < self.old_until or self.again[0] <= at < self.again[1]

    def needs_old(self, at: float) -> bool:
        """The truth: will it ever send the old secret again?"""
        return any(self.on_old(time) for time in self.times[bisect_right(self.times, at) :])


@dataclass(slots=True)
class Worker:
    """One recorder: a process of a service. Workers of a service share its name."""

    id: str
    started: float
    ended: float = inf
    killed: bool = False
    mute: tuple[float, float] = (inf, inf)
    """From when until when it reaches no vault; its requests go on."""
    skew: tuple[float, float, float] = (inf, inf, 0.0)
    """From when until when its clock is off, and by how much."""
    loses: float = inf
    """The first flush after this time never arrives."""
    drops: float = inf
    """The first flush after this time says that it has dropped some."""

    def shown(self, at: float) -> float:
        """What its clock shows."""
        begin, end, off = self.skew
        return at + off if begin <= at < end else at

    def runs(self, at: float) -> bool:
        return self.started <= at < self.ended


@dataclass(slots=True)
class Service:
    """What lets requests in. Before `recorded_from` it does so without a recorder, if ever it had one."""

    name: str
    workers: list[Worker] = field(default_factory=list)
    recorded_from: float = 0.0


@dataclass(slots=True)
class Elsewhere:
    """A source beside the recorders, and what is amiss with it."""

    name: str
    kind: SourceKind
    services: tuple[int, ...]
    since: float = 0.0
    knows_names: bool = True
    """Whether it tells declared names; else it knows addresses and agents."""
    attributable: bool = True
    forgeable: bool = False
    lag: float = 0.0
    """By how much its word is behind."""
    silent_from: float = inf
    """It is asked no more from then on."""
    lost: tuple[float, float, GapKind] | None = None
    """A stretch that it did not see, and says so."""
    forged: tuple[Caller, float] | None = None
    """Whom an outsider writes lines for, and from when on: they claim that it has moved."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it was."""

    at: float
    program: Program
    old: bool
    refused: bool
    service: int


@dataclass(slots=True)
class World:
    """All of it. `silent_for` is how far apart two flushes of a recorder may be: worlds are told in coarse flushes."""

    seed: int
    programs: list[Program]
    services: list[Service]
    elsewhere: list[Elsewhere]
    apps: tuple[str, ...]
    handed_over: float
    suspended: float
    questions: tuple[float, ...]
    silent_for: float
    faults: dict[Fault, tuple[float, float]] = field(default_factory=dict)
    """What was planted, with the stretch in which evidence is missing or false because of it."""
    proven: bool = True
    ages: bool = True
    """Whether its usage is rolled up as time passes; else all is kept as it came, and the world costs half as much."""

    @property
    def end(self) -> float:
        return self.questions[-1]

    def needing_old(self, at: float) -> list[Program]:
        """The truth at a time."""
        return [program for program in self.programs if program.needs_old(at)]

    def requests(self) -> list[Request]:
        """Every request up to the last question, in order of time. One that meets no running worker fails: left out."""
        found: list[Request] = []
        for program in self.programs:
            for number, at in enumerate(program.times):
                if at > self.end:
                    break
                service = number % len(self.services) if program.service is None else program.service
                old = program.on_old(at)
                found.append(Request(at, program, old, old and at >= self.suspended, service))
        found.sort(key=lambda request: request.at)
        return found
