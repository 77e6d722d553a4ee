"""What sources beside the recorders report of the same requests: logs that know addresses, counters that know none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from keytui.domain.gaps import Gap
from keytui.domain.reports import Report, SourceKind
from keytui.domain.usage import UNKNOWN_CALLER, Caller
from tests.simulator.recorders import NEW, OLD, ticks, uses_of
from tests.simulator.world import SECOND, Elsewhere, Request, World, moment


@dataclass(frozen=True, slots=True)
class Witness:
    """A report reaches the vault at `at`."""

    at: float
    report: Report


def reported(world: World, key_id: str) -> Iterator[Witness]:
    """Every source's reports."""
    requests = world.requests() if world.elsewhere else []
    for source in world.elsewhere:
        seen = [request for request in requests if _sees(world, source, request)]
        yield from _reports(world, source, seen, key_id)


def _sees(world: World, source: Elsewhere, request: Request) -> bool:
    """It sees what was answered; where no worker ran, nobody answered."""
    service = world.services[request.service]
    answered = request.at < service.recorded_from or any(worker.runs(request.at) for worker in service.workers)
    lost = source.lost is not None and source.lost[0] <= request.at < source.lost[1]
    return answered and request.service in source.services and not lost


def _reports(world: World, source: Elsewhere, seen: list[Request], key_id: str) -> Iterator[Witness]:
    reached, gap_told = source.since, False
    for at in ticks(world):
        as_of = at - source.lag
        if at >= source.silent_from or as_of <= reached:
            continue
        lines = [
            (_caller(source, request), _version(world, source, request), request.refused, request.at)
            for request in seen
            if reached < request.at <= as_of
        ]
        for request in seen:
            if reached < request.at <= as_of:
                request.program.told_at = min(request.program.told_at, at)
        if source.forged is not None:
            lines += _lies(source.forged, reached, as_of)
        gaps: tuple[Gap, ...] = ()
        if source.lost is not None and not gap_told and source.lost[0] < as_of:
            begin, end, kind = source.lost
            gaps = (Gap(source.name, kind, moment(begin), moment(min(end, as_of))),)
            gap_told = end <= as_of
        yield Witness(
            at + SECOND / 2,
            Report(
                source.name,
                source.kind,
                moment(source.since),
                moment(as_of),
                tuple(uses_of(world, key_id, lines)),
                gaps=gaps,
                attributable=source.attributable,
                forgeable=source.forgeable,
                covers=(key_id,),
            ),
        )
        reached = as_of


def _caller(source: Elsewhere, request: Request) -> Caller:
    if source.kind is SourceKind.COUNTERS:
        return UNKNOWN_CALLER
    caller = request.program.caller
    if source.knows_names or not caller.declared:
        return caller
    return Caller.undeclared(f"10.1.0.{sum(caller.name.encode()) % 250}", "client/1")


def _version(world: World, source: Elsewhere, request: Request) -> int:
    """A source that mixes versions calls all of them new once there is a new one."""
    if source.attributable:
        return OLD if request.old else NEW
    return NEW if request.at >= world.handed_over else OLD


def _lies(forged: tuple[Caller, float], begin: float, end: float) -> Iterator[tuple[Caller, int, bool, float]]:
    """Lines that somebody outside wrote: the caller on the new version, every half hour."""
    caller, start = forged
    at = max(begin, start)
    while at < end:
        yield caller, NEW, False, at
        at += 0.5
