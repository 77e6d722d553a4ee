"""Programs and when they come: schedules from constant to monthly, and deploys in time, late or never."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from random import Random

from keytui.domain.usage import Caller
from tests.simulator.world import DAY, HOUR, WEEK, Move, Pace, Program

BEYOND = {Pace.CONSTANT: 3 * DAY, Pace.WEEKDAYS: WEEK, Pace.DAILY: WEEK, Pace.WEEKLY: 6 * WEEK}
"""How far beyond the last question a program's schedule is written out: twice its period at least."""
_FURTHEST = 200 * DAY
LONGEST_PAUSE = {Pace.CONSTANT: 6 * HOUR, Pace.WEEKDAYS: 3 * DAY, Pace.DAILY: 1.2 * DAY, Pace.WEEKLY: 7.3 * DAY}
PAUSE_OF_A_MONTH = 32 * DAY


def schedule(random: Random, pace: Pace, until: float) -> tuple[float, ...]:
    """When a program comes, from its world's beginning until `until`."""
    until += BEYOND.get(pace, _FURTHEST)
    match pace:
        case Pace.CONSTANT:
            every = random.choice((0.5, 1.0, 2.0)) if until < 40 * DAY else 3.0
            return _evenly(random, every, every * 0.4, until, 0.0)
        case Pace.WEEKDAYS:
            return tuple(
                at for at in _evenly(random, 1.0, 0.3, until, 0.0) if at % WEEK < 5 * DAY and 8 < at % DAY < 18
            )
        case Pace.DAILY:
            return _evenly(random, DAY, random.choice((0.05, 1.0)), until, random.choice((0.0, 0.0, 0.2)))
        case Pace.WEEKLY:
            return _evenly(random, WEEK, random.choice((0.1, 3.0)), until, random.choice((0.0, 0.0, 0.5)))
        case Pace.MONTHLY:
            return _evenly(random, 30.4 * DAY, random.choice((1.0, 16.0)), until, 0.0)
        case Pace.RARE:
            return _evenly(random, random.uniform(80, 180) * DAY, 5 * DAY, until, 0.0)


def _evenly(random: Random, every: float, jitter: float, until: float, drift: float) -> tuple[float, ...]:
    """Every so often, each time a little off; `drift` is by how much every period differs from what it should be."""
    phase = random.uniform(0, every)
    count = int((until - phase) / (every + drift)) + 1
    times = (phase + number * (every + drift) + random.uniform(-jitter, jitter) for number in range(count))
    return tuple(sorted(at for at in times if at > 0))


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the new secret is handed over, and when the verdict is asked last."""

    handed_over: float
    end: float


def program(random: Random, caller: Caller, pace: Pace, move: Move, calendar: Calendar) -> Program:
    """One program of a caller, with its deploy."""
    times = schedule(random, pace, calendar.end)
    handed_over = calendar.handed_over
    again = (inf, inf)
    old_until = handed_over + random.uniform(0.05, 5)
    match move:
        case Move.LATE:
            old_until = handed_over + random.choice((random.uniform(DAY, 3 * DAY), random.uniform(3 * DAY, 30 * DAY)))
        case Move.NEVER:
            old_until = inf
        case Move.TAKEN_BACK:
            back = old_until + random.uniform(2, 12)
            again = (back, random.choice((inf, back + random.uniform(DAY, 10 * DAY))))
        case Move.SWITCHED_OFF:
            old_until = handed_over + random.uniform(0.05, 5 * DAY)
            times = tuple(at for at in times if at < old_until)
        case Move.ON_TIME:
            pass
    return Program(caller, pace, move, times, old_until, again)
