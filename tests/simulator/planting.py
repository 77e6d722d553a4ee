"""Plants faults in a world, and notes which stretch of its evidence each one takes or falsifies."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from random import Random

from keytui.domain.gaps import GapKind
from keytui.domain.reports import SourceKind
from keytui.domain.usage import Caller
from tests.simulator.faults import Fault
from tests.simulator.world import DAY, HOUR, SECOND, Elsewhere, Move, Pace, Service, Worker, World

_Stretch = tuple[float, float]


def plant(random: Random, world: World) -> None:
    """No fault in half of all worlds, one in most others."""
    chosen = random.sample(list(_PLANTING), random.choice((0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 3)))
    for fault in sorted(chosen, key=list(_PLANTING).index):
        world.faults[fault] = _PLANTING[fault](random, world)


def _when(random: Random, world: World) -> float:
    """Mostly after the hand-over, where it matters most."""
    if random.random() < 0.3:
        return random.uniform(0.1 * world.handed_over, world.handed_over)
    return random.uniform(world.handed_over - DAY, world.end - 0.1 * HOUR)


def _worker(random: Random, world: World) -> tuple[Service, Worker, float]:
    """A worker and a time at which it runs."""
    at = _when(random, world)
    running = [(service, worker) for service in world.services for worker in service.workers if worker.runs(at)]
    if not running:
        service = random.choice(world.services)
        worker = service.workers[-1]
        return service, worker, max(at, worker.started + HOUR)
    return (*random.choice(running), at)


def _killed(random: Random, world: World) -> _Stretch:
    service, worker, at = _worker(random, world)
    back = at + random.choice((2 * SECOND, random.uniform(0.1, 30) * HOUR))
    service.workers.append(Worker(f"{worker.id}!", back, worker.ended if worker.ended > back else inf))
    worker.ended, worker.killed = at, True
    return at, back


def _killed_for_good(random: Random, world: World) -> _Stretch:
    service, worker, at = _worker(random, world)
    worker.ended, worker.killed = at, True
    return at, min((each.started for each in service.workers if each.started > at), default=inf)


def _cut_off(random: Random, world: World) -> _Stretch:
    _, worker, at = _worker(random, world)
    worker.mute = at, at + random.uniform(1.2, 4) * world.silent_for
    return worker.mute


def _dropped(random: Random, world: World) -> _Stretch:
    _, worker, at = _worker(random, world)
    worker.drops = at
    return at, at


def _lost_flush(random: Random, world: World) -> _Stretch:
    _, worker, at = _worker(random, world)
    worker.loses = at
    return at, at


def _clock_back(random: Random, world: World) -> _Stretch:
    return _skewed(random, world, -1)


def _clock_ahead(random: Random, world: World) -> _Stretch:
    return _skewed(random, world, 1)


def _skewed(random: Random, world: World, direction: int) -> _Stretch:
    """By more than the vault would take for a recorder that is merely slow to flush."""
    _, worker, at = _worker(random, world)
    at = random.choice((at, worker.started))
    until = random.choice((inf, at + random.uniform(1, 10) * DAY))
    worker.skew = at, until, direction * random.uniform(1.1, 4) * world.silent_for
    return at, min(until, worker.ended)


def _late_service(random: Random, world: World) -> _Stretch:
    """One service lets requests in for a time before it is given a recorder; nobody knows of it until then."""
    if len(world.services) == 1:
        world.services.append(Service("api-9", [Worker("api-9/0", 0.0)]))
    first = world.handed_over + DAY
    return _recorded_from(world.services[-1], random.uniform(0.1, 1) * random.choice((world.handed_over, first)))


def _late_everywhere(random: Random, world: World) -> _Stretch:
    at = _when(random, world)
    for service in world.services:
        _recorded_from(service, at)
    return 0.0, at


def _recorded_from(service: Service, at: float) -> _Stretch:
    service.recorded_from = at
    service.workers = [worker for worker in service.workers if worker.ended > at]
    for worker in service.workers:
        worker.started = max(worker.started, at)
    return 0.0, at


def _log(random: Random, world: World) -> Elsewhere:
    return _source(random, world, "log edge", SourceKind.ACCESS_LOG)


def _counters(random: Random, world: World) -> Elsewhere:
    return _source(random, world, "counters gateway", SourceKind.COUNTERS)


def _source(random: Random, world: World, name: str, kind: SourceKind) -> Elsewhere:
    """The world's source of that kind; one that is added may be the only one to see a service."""
    for source in world.elsewhere:
        if source.kind is kind:
            return source
    knows_names = kind is SourceKind.ACCESS_LOG and random.random() < 0.6
    source = Elsewhere(name, kind, tuple(range(len(world.services))), knows_names=knows_names)
    world.elsewhere.append(source)
    if kind is SourceKind.ACCESS_LOG and len(world.services) > 1 and random.random() < 0.5:
        _recorded_from(world.services[-1], inf)
    return source


def _log_lags(random: Random, world: World) -> _Stretch:
    log = _log(random, world)
    log.lag = random.choice((random.uniform(0.05, 2), random.uniform(2, 60)))
    return world.handed_over, inf


def _log_rotated(random: Random, world: World) -> _Stretch:
    return _loses(random, world, _log(random, world), GapKind.LOG_ROTATED)


def _log_lost(random: Random, world: World) -> _Stretch:
    log = _log(random, world)
    log.silent_from = max(_when(random, world), world.handed_over)  # one that never spoke is no source
    return log.silent_from, inf


def _counter_reset(random: Random, world: World) -> _Stretch:
    return _loses(random, world, _counters(random, world), GapKind.COUNTER_RESET)


def _absent_series(random: Random, world: World) -> _Stretch:
    return _loses(random, world, _counters(random, world), GapKind.ABSENT_SERIES)


def _loses(random: Random, world: World, source: Elsewhere, kind: GapKind) -> _Stretch:
    at = _when(random, world)
    source.lost = at, at + random.choice((random.uniform(0.1, 3), random.uniform(3, 80))) * HOUR, kind
    return source.lost[:2]


def _unattributable(random: Random, world: World) -> _Stretch:
    source = random.choice((_log, _counters))(random, world)
    source.attributable = False
    return 0.0, inf


def _forged(random: Random, world: World) -> _Stretch:
    """An outsider writes lines that claim that somebody moved who, as like as not, never will."""
    log = _log(random, world)
    log.forgeable = True
    victim = random.choice(world.programs)
    if random.random() < 0.7 and victim.move is Move.ON_TIME:
        victim.move, victim.old_until = Move.NEVER, inf
    log.forged = victim.caller, world.handed_over + random.uniform(0.1, 3)
    return log.forged[1], inf


def _fallback(_: Random, world: World) -> _Stretch:
    return 0.0, inf


def _refusals(random: Random, world: World) -> _Stretch:
    """Somebody is refused with the new version after the hand-over: it lacks a scope."""
    at = random.uniform(world.handed_over, world.end)
    return at, at + random.uniform(0.1, 30)


def _overflow(random: Random, world: World) -> _Stretch:
    return random.uniform(0, world.handed_over), inf


def _unproven(_: Random, world: World) -> _Stretch:
    """Nobody uses the key, and nobody pasted its new secret back."""
    world.programs.clear()
    world.proven = False
    return 0.0, inf


def _absent_consumer(_: Random, world: World) -> _Stretch:
    """A monthly job that never came while anybody watched, and that the key names."""
    world.apps = (*world.apps, "month-end")
    first = world.end + 3 * DAY
    from tests.simulator.world import Program

    times = tuple(first + number * 30 * DAY for number in range(4))
    world.programs.append(Program(Caller.called("month-end"), Pace.MONTHLY, Move.NEVER, times, inf))
    return 0.0, inf


_PLANTING: dict[Fault, Callable[[Random, World], _Stretch]] = {
    Fault.KILLED: _killed,
    Fault.KILLED_GONE: _killed_for_good,
    Fault.CUT_OFF: _cut_off,
    Fault.DROPPED: _dropped,
    Fault.LOST_FLUSH: _lost_flush,
    Fault.CLOCK_BACK: _clock_back,
    Fault.CLOCK_AHEAD: _clock_ahead,
    Fault.LATE_SERVICE: _late_service,
    Fault.LATE_EVERYWHERE: _late_everywhere,
    Fault.LOG_LAGS: _log_lags,
    Fault.LOG_ROTATED: _log_rotated,
    Fault.LOG_LOST: _log_lost,
    Fault.COUNTER_RESET: _counter_reset,
    Fault.ABSENT_SERIES: _absent_series,
    Fault.UNATTRIBUTABLE: _unattributable,
    Fault.FORGED: _forged,
    Fault.FALLBACK: _fallback,
    Fault.REFUSALS: _refusals,
    Fault.OVERFLOW: _overflow,
    Fault.UNPROVEN: _unproven,
    Fault.ABSENT_CONSUMER: _absent_consumer,
}
