"""A world from one seed."""

from __future__ import annotations

from math import inf
from random import Random
from typing import Final

from keytui.domain.reports import SourceKind
from keytui.domain.usage import Caller
from tests.simulator.callers import Calendar, program
from tests.simulator.planting import plant
from tests.simulator.world import DAY, HOUR, SECOND, Elsewhere, Move, Pace, Program, Service, Worker, World

_BRISK: Final[tuple[Pace, ...]] = (Pace.CONSTANT, Pace.CONSTANT, Pace.DAILY, Pace.DAILY, Pace.WEEKDAYS)
_ANY_TIME: Final = frozenset({Pace.CONSTANT, Pace.WEEKDAYS})
_MOVES: Final = (
    *(Move.ON_TIME,) * 14,
    Move.LATE,
    Move.LATE,
    Move.NEVER,
    Move.TAKEN_BACK,
    Move.SWITCHED_OFF,
)


def build(seed: int) -> World:
    """The world of a seed: the same one every time."""
    random = Random(seed)  # noqa: S311  # the same world every time is the point
    slowest = random.choices((Pace.DAILY, Pace.WEEKLY, Pace.MONTHLY), (60, 30, 10))[0]
    handed_over = _history(random, slowest)
    questions, suspended = _questions(random, slowest, handed_over)
    services = _services(random, questions[-1])
    programs = _programs(random, slowest, Calendar(handed_over, questions[-1]), len(services))
    world = World(
        seed=seed,
        programs=programs,
        services=services,
        elsewhere=_elsewhere(random, services),
        apps=_apps(random, programs),
        handed_over=handed_over,
        suspended=suspended,
        questions=questions,
        ages=random.random() < 0.3,
        silent_for=max(30.0, questions[-1] / 4),
    )
    plant(random, world)
    return world


def _history(random: Random, slowest: Pace) -> float:
    """How long the world was watched before the hand-over: a slow job shows in it, sometimes once only."""
    if slowest is Pace.MONTHLY:
        return random.choice((random.uniform(35, 50), random.uniform(95, 130))) * DAY
    if slowest is Pace.WEEKLY:
        return random.choice((random.uniform(8, 12), random.uniform(22, 32))) * DAY
    return random.uniform(3.2, 9) * DAY


def _questions(random: Random, slowest: Pace, handed_over: float) -> tuple[tuple[float, ...], float]:
    """When the verdict is asked, and when the old version is suspended: sometimes before any verdict would allow it."""
    soon = handed_over + random.uniform(0.5, 20)
    a_day = handed_over + DAY + random.choice((random.uniform(0.1, 3), random.uniform(3, 40)))
    eight_days = handed_over + random.uniform(8.1, 10) * DAY
    long = {Pace.MONTHLY: random.uniform(64, 70), Pace.WEEKLY: random.uniform(15, 18)}.get(slowest, 12.0) * DAY
    retire = [random.choice((soon, a_day)), a_day, eight_days, handed_over + long]
    if slowest is Pace.DAILY and random.random() < 0.7:
        retire.pop()
    if random.random() < 0.1:
        retire = retire[:2]
    retire = sorted(set(retire))
    suspended = retire[-1] + random.uniform(0.01, 2)
    complete = [suspended + random.choice((0.4, 1.05, 2.0))]
    if random.random() < 0.6:
        complete.append(suspended + random.choice((1.1 * DAY, 8.2 * DAY)))
    return (*retire, *complete), suspended


def _services(random: Random, end: float) -> list[Service]:
    """One to three, with workers that come and go cleanly."""
    services = []
    for number in range(random.choice((1, 1, 1, 1, 2, 2, 3))):
        service = Service(f"api-{number + 1}")
        for worker in range(random.choice((1, 1, 1, 2))):
            service.workers.append(Worker(f"{service.name}/{worker}", random.uniform(0, 0.5) * SECOND * worker))
        services.append(service)
    if random.random() < 0.4:
        _restart_cleanly(random, random.choice(services), random.uniform(0.1, 0.95) * end)
    return services


def _restart_cleanly(random: Random, service: Service, at: float) -> None:
    """A deploy of the service itself: its workers end, and others begin."""
    for worker in list(service.workers):
        worker.ended = at
        service.workers.append(Worker(f"{worker.id}+", at + random.choice((1 * SECOND, 0.2 * HOUR))))


def _programs(random: Random, slowest: Pace, calendar: Calendar, services: int) -> list[Program]:
    programs: list[Program] = []
    paces: list[Pace] = [slowest] if slowest is not Pace.DAILY else []
    paces += random.choices(_BRISK, k=random.choice((1, 2, 2, 3)))
    all_on_time = random.random() < 0.45
    for number, pace in enumerate(paces):
        declared = random.random() < 0.65
        caller = Caller.called(f"job-{number}") if declared else Caller.undeclared(f"10.0.0.{number}", "python/3")
        move = Move.ON_TIME if all_on_time else random.choice(_MOVES)
        others = (move,) if all_on_time else (move, move, Move.NEVER, Move.LATE)
        made = _of_caller(random, caller, (pace, move), others, calendar)
        service = None if random.random() < 0.2 else random.randrange(services)
        for order, each in enumerate(made):
            each.service, each.order = service, order
        programs += made
    if random.random() < 0.04:
        programs.append(program(random, Caller.called("rare"), Pace.RARE, Move.NEVER, calendar))
    return programs


def _of_caller(
    random: Random, caller: Caller, first: tuple[Pace, Move], others: tuple[Move, ...], calendar: Calendar
) -> list[Program]:
    """One program; or several, of which some may be left behind."""
    pace, move = first
    made = [program(random, caller, pace, move, calendar)]
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        its_pace = pace if caller.declared else random.choice((pace, Pace.CONSTANT, Pace.DAILY))
        made.append(program(random, caller, its_pace, random.choice(others), calendar))
        if caller.declared and pace not in _ANY_TIME and move is not Move.SWITCHED_OFF:
            _beside(random, made[-1], made[0])
    if caller.shared_possible and pace is not Pace.MONTHLY and random.random() < 0.3:
        made.append(program(random, caller, Pace.WEEKLY, random.choice(others), calendar))
    return made


def _beside(random: Random, replica: Program, first: Program) -> None:
    """Replicas of a job start about together, as one timetable has it; each is given its secret for itself.

    Spread evenly over its period they would seem to be one job that comes more often: SAFE's assumption names them.
    """
    late = random.uniform(-0.5, 0.5) * HOUR
    end = replica.old_until if replica.move is Move.SWITCHED_OFF else inf
    replica.times = tuple(at + late for at in first.times if 0 < at + late < end)


def _apps(random: Random, programs: list[Program]) -> tuple[str, ...]:
    """What the key names as its consumers: some of those that declare their names."""
    named = sorted({each.caller.name for each in programs if each.caller.declared and each.pace is not Pace.RARE})
    return tuple(name for name in named if random.random() < 0.3)


def _elsewhere(random: Random, services: list[Service]) -> list[Elsewhere]:
    """Nothing beside the recorders, or sources that see all or part of the same requests again."""
    everywhere = tuple(range(len(services)))
    found = []
    if random.random() < 0.25:
        seen = random.choice((everywhere, everywhere[:1]))
        found.append(
            Elsewhere(
                "log edge",
                SourceKind.ACCESS_LOG,
                seen,
                knows_names=random.random() < 0.6,
                forgeable=random.random() < 0.3,
            )
        )
    if random.random() < 0.1:
        found.append(Elsewhere("counters gateway", SourceKind.COUNTERS, everywhere, knows_names=False))
    return found
