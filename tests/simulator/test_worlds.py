"""The verdict over some worlds with a known truth; `python -m tests.simulator` runs ten thousand."""

from __future__ import annotations

import pytest

from keytui.domain.verdict import Verdict
from tests.simulator.building import build
from tests.simulator.faults import Fault
from tests.simulator.running import run

SEEDS = range(1, 101)
HALVES = (SEEDS[:50], SEEDS[50:])
"""So that two processes share them."""


@pytest.mark.parametrize("seeds", HALVES, ids=str)
def test_no_promise_is_broken(seeds: range) -> None:
    """Not one SAFE while anybody needs the old version, none in spite of a gap, all that is missing is named, and
    SAFE where the old version is idle and the evidence complete.
    """
    tally = run(seeds)

    assert not tally.wrong, "\n".join(f"{each.what}, {each.at:.1f} h on: {replay(each.seed)}" for each in tally.wrong)
    assert tally.complete > len(seeds) / 4
    assert tally.share_safe >= 0.95, "\n".join(f"{at:.1f} h on: {replay(seed)}" for seed, at in tally.withheld)
    assert set(tally.verdicts) == set(Verdict)


def test_the_worlds_hold_every_fault() -> None:
    """A simulator that plants nothing proves nothing."""
    assert {fault for seed in SEEDS for fault in build(seed).faults} == set(Fault)


def replay(seed: int) -> str:
    """How to see a world."""
    return f"python -m tests.simulator --seed {seed} --worlds 1 --show"
