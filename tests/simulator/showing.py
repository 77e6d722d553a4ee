"""One world in words: who comes, what is amiss, and what the verdict said when."""

from __future__ import annotations

from math import isinf

from keytui.domain.durations import long
from tests.simulator.building import build
from tests.simulator.judging import Judged, judged
from tests.simulator.telling import house
from tests.simulator.world import Worker, World, moment


def show(seed: int) -> str:
    """The world of a seed, its verdicts and their findings."""
    world = build(seed)
    with house() as home:
        answers = judged(world, home.answers(world))
    return "\n".join([*_world(world), *(line for each in answers for line in _answer(world, each)), "", ""])


def _world(world: World) -> list[str]:
    lines = [
        f"world {world.seed}: handed over {_when(world.handed_over)}, suspended {_when(world.suspended)}",
        f"  consumers named: {', '.join(world.apps) or 'none'}",
    ]
    for each in world.programs:
        where = "all services" if each.service is None else world.services[each.service].name
        new = f"the new secret from {_when(each.old_until)}"
        if not isinf(each.again[0]):
            new += f", the old again from {_when(each.again[0])} to {_when(each.again[1])}"
        lines.append(f"  {each.caller.name}: {each.pace}, {each.move}, at {where}; {new}")
    for service in world.services:
        lines.append(f"  service {service.name}, recorded from {_when(service.recorded_from)}")
        for worker in service.workers:
            end = "killed" if worker.killed else "ends"
            lines.append(
                f"    {worker.id} from {_when(worker.started)}, {end} {_when(worker.ended)} {_oddities(worker)}"
            )
    lines += [f"  {source}" for source in world.elsewhere]
    lines += [f"  planted: {fault} {_when(begin)} to {_when(end)}" for fault, (begin, end) in world.faults.items()]
    return lines


def _oddities(worker: Worker) -> str:
    found = {
        "mute": worker.mute[0],
        "wrong clock": worker.skew[0],
        "loses a flush": worker.loses,
        "drops": worker.drops,
    }
    return ", ".join(f"{what} from {at:.1f} h" for what, at in found.items() if not isinf(at))


def _answer(world: World, each: Judged) -> list[str]:
    assessment = each.answer.assessment
    needing = ", ".join(program.caller.name for program in world.needing_old(each.answer.at)) or "nobody"
    lines = [
        "",
        f"{assessment.question} at {_when(each.answer.at)}: {assessment.verdict}; needed by {needing};"
        f" idle and complete: {each.complete}",
        *(f"  WRONG: {wrong.what}" for wrong in each.wrong),
        *(
            f"  {finding.verdict} [{finding.source}] {finding.detail} -- {finding.remedy}"
            for finding in assessment.reasons
        ),
    ]
    if assessment.assumption:
        lines.append(f"  assumes: {assessment.assumption}")
    return lines


def _when(hours: float) -> str:
    return "never" if isinf(hours) else long(moment(hours) - moment(0))
