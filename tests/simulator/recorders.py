"""What recorders tell of a world's requests, by the recorder's own semantics: numbered flushes, complete but for what
was lost, and honest about what they know that they lost. A killed one tells nothing any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from keytui.domain.usage import OTHER_CALLERS, Caller, Flush, Use
from tests.simulator.faults import Fault
from tests.simulator.world import DAY, HOUR, SECOND, Request, Service, Worker, World, moment

OLD, NEW = 1, 2
_JUST_BEFORE = 2 * SECOND
_FINE = 26 * HOUR
"""So near to the hand-over uses are told by four hours, and otherwise by the day."""
_BY_REQUEST = 4
"""So few requests of a flush are told one by one."""
Lines = Iterable[tuple[Caller, int, bool, float]]
"""Caller, version, refused, time as it is told."""


@dataclass(frozen=True, slots=True)
class Begin:
    """A worker registers."""

    at: float
    worker: Worker
    service: Service


@dataclass(frozen=True, slots=True)
class Tell:
    """A worker's flush reaches the vault at `at`."""

    at: float
    flush: Flush


def told(world: World, key_id: str) -> Iterator[Begin | Tell]:
    """Everything that the world's recorders tell, worker by worker. What did not come to pass is no fault any more."""
    asked = _by_worker(world)
    come_to_pass: dict[Fault, tuple[float, float]] = {}
    for service in world.services:
        for worker in service.workers:
            if worker.started <= world.end:
                yield Begin(worker.started, worker, service)
                yield from _flushes(world, worker, asked[worker.id], key_id, come_to_pass)
    for fault in (Fault.DROPPED, Fault.LOST_FLUSH):
        if fault in world.faults:
            del world.faults[fault]
            world.faults |= {key: stretch for key, stretch in come_to_pass.items() if key is fault}


def _by_worker(world: World) -> dict[str, list[Request]]:
    """Which worker let each request in; none did before its service was recorded, or while none of them ran."""
    asked: dict[str, list[Request]] = defaultdict(list)
    for number, request in enumerate(world.requests()):
        service = world.services[request.service]
        running = [worker for worker in service.workers if worker.runs(request.at)]
        if running and request.at >= service.recorded_from:
            mostly = request.program.order if number % 8 else number
            asked[running[mostly % len(running)].id].append(request)
    return asked


def ticks(world: World) -> list[float]:
    """When recorders flush: just before everything that matters, and often enough in between."""
    matters = sorted({0.0, world.handed_over, *world.questions})
    found = []
    for earlier, later in pairwise(matters):
        count = int((later - earlier) / (0.95 * world.silent_for)) + 1
        found += [earlier + (later - earlier) * (number + 1) / count - _JUST_BEFORE for number in range(count)]
    return found


def _moments_of(worker: Worker) -> Iterator[float]:
    """Flushes of its own: its first one, and those at both ends of a time with a wrong clock."""
    yield worker.started + SECOND
    begin, end, _ = worker.skew
    if begin < inf:
        yield begin - SECOND
        yield begin + SECOND
    if end < inf:
        yield end - SECOND
        yield end + SECOND


def _flushes(
    world: World, worker: Worker, asked: Sequence[Request], key_id: str, come_to_pass: dict[Fault, tuple[float, float]]
) -> Iterator[Tell]:
    end = min(worker.ended, world.end)
    clean = worker.ended <= world.end and not worker.killed
    at_times = sorted(at for at in (*ticks(world), *_moments_of(worker)) if worker.started < at < end)
    if clean:
        at_times.append(worker.ended)
    sequence, done, last = 0, 0, worker.started
    for at in at_times:
        if worker.mute[0] <= at < worker.mute[1]:
            continue
        upto = done
        while upto < len(asked) and asked[upto].at <= at:
            upto += 1
        part, done = asked[done:upto], upto
        sequence += 1
        dropped = 0
        if last <= worker.loses < at:
            worker.loses = -1.0
            come_to_pass[Fault.LOST_FLUSH] = last, at
            last = at
            continue
        if last <= worker.drops < at:
            worker.drops = -1.0
            come_to_pass[Fault.DROPPED] = last, at
            dropped = max(1, (len(part) + 1) // 2)
            part = part[dropped:]
        for each in part:
            each.program.told_at = min(each.program.told_at, at)
        closing = clean and at == worker.ended
        uses = tuple(uses_of(world, key_id, ((*_line(each), worker.shown(each.at)) for each in part)))
        uses += _amiss(world, worker, key_id, last, at)
        last = at
        yield Tell(at, Flush(worker.id, sequence, moment(worker.shown(at)), uses, dropped=dropped, closing=closing))


def _line(request: Request) -> tuple[Caller, int, bool]:
    return request.program.caller, OLD if request.old else NEW, request.refused


def uses_of(world: World, key_id: str, lines: Lines) -> Iterator[Use]:
    """Lines added up: one by one where there are few, by hours or days where there are many."""
    groups: dict[tuple[Caller, int, bool], list[float]] = defaultdict(list)
    for caller, version, refused, at in lines:
        groups[caller, version, refused].append(at)
    for (caller, version, refused), times in groups.items():
        for part in _parts(world, sorted(times)):
            first, last = moment(part[0]), moment(part[-1])
            pauses = [later - earlier for earlier, later in pairwise(part)]
            yield Use(
                key_id,
                version,
                caller,
                first.replace(second=0, microsecond=0),
                first,
                last,
                accepted=0 if refused else len(part),
                refused=len(part) if refused else 0,
                longest_gap=moment(max(pauses, default=0.0) if not refused else 0.0) - moment(0.0),
            )


def _parts(world: World, times: list[float]) -> Iterable[list[float]]:
    if len(times) <= _BY_REQUEST:
        return [[at] for at in times]
    parts: dict[tuple[bool, int], list[float]] = defaultdict(list)
    for at in times:
        away = at - world.handed_over
        parts[(True, int(away // 4)) if abs(away) < _FINE else (False, int(away // DAY))].append(at)
    return parts.values()


def _amiss(world: World, worker: Worker, key_id: str, last: float, at: float) -> tuple[Use, ...]:
    """Faults of the traffic itself, told by whoever flushes: refusals, and a flush that had too many callers."""
    found = []
    now = moment(at - SECOND)
    minute = now.replace(second=0, microsecond=0)
    if Fault.REFUSALS in world.faults and last <= world.faults[Fault.REFUSALS][0] < at:
        caller = Caller.called("job-0")
        found.append(Use(key_id, NEW, caller, minute, now, now, refused=40))
    if Fault.OVERFLOW in world.faults and last <= world.faults[Fault.OVERFLOW][0] < at < world.handed_over:
        found.append(Use(key_id, OLD, OTHER_CALLERS, minute, now, now, accepted=7))
    return tuple(found)
