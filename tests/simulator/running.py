"""Many worlds, one after the other or side by side, and what came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from keytui.domain.verdict import Verdict
from tests.simulator.building import build
from tests.simulator.faults import Fault
from tests.simulator.judging import Judged, Wrong, judged
from tests.simulator.telling import house
from tests.simulator.world import World

_AT_A_TIME = 50


@dataclass(slots=True)
class Tally:
    """What came of a run."""

    worlds: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    complete: int = 0
    complete_and_safe: int = 0
    escaped: int = 0
    faults: Counter[tuple[Fault, Verdict]] = field(default_factory=Counter)
    """Verdicts on worlds in which each fault was planted."""
    alone: Counter[Fault] = field(default_factory=Counter)
    """Worlds in which each was all that was planted."""
    traits: Counter[str] = field(default_factory=Counter)
    wrong: list[Wrong] = field(default_factory=list)
    withheld: list[tuple[int, float]] = field(default_factory=list)
    """Seeds and times of complete evidence that was not SAFE."""

    @property
    def questions(self) -> int:
        return sum(self.verdicts.values())

    @property
    def share_safe(self) -> float:
        """Of the questions with an idle old version and complete evidence."""
        return self.complete_and_safe / self.complete if self.complete else 0.0

    def take(self, world: World, answers: Iterable[Judged]) -> None:
        """One more world."""
        self.worlds += 1
        self.traits.update({f"{each.pace}, {each.move}" for each in world.programs})
        if len(world.faults) == 1:
            self.alone.update(world.faults.keys())
        for each in answers:
            verdict = each.answer.assessment.verdict
            self.verdicts[verdict] += 1
            self.wrong += each.wrong
            self.escaped += each.escaped and not each.wrong
            self.complete += each.complete
            self.complete_and_safe += each.complete and verdict is Verdict.SAFE
            if each.complete and verdict is not Verdict.SAFE:
                self.withheld.append((world.seed, each.answer.at))
            self.faults.update((fault, verdict) for fault in world.faults)

    def add(self, other: Tally) -> None:
        """Two runs as one."""
        self.worlds += other.worlds
        self.complete += other.complete
        self.complete_and_safe += other.complete_and_safe
        self.escaped += other.escaped
        self.verdicts += other.verdicts
        self.faults += other.faults
        self.alone += other.alone
        self.traits += other.traits
        self.wrong += other.wrong
        self.withheld += other.withheld


def run(seeds: range, workers: int = 1) -> Tally:
    """All worlds of the seeds."""
    chunks = [seeds[start : start + _AT_A_TIME] for start in range(0, len(seeds), _AT_A_TIME)]
    total = Tally()
    if workers == 1:
        total.add(_some(seeds))
        return total
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for tally in pool.map(_some, chunks):
            total.add(tally)
    return total


def _some(seeds: range) -> Tally:
    tally = Tally()
    with house() as home:
        for seed in seeds:
            world = build(seed)
            tally.take(world, judged(world, home.answers(world)))
    return tally
