"""The verdict over some hundred worlds with a known truth; `python -m tests.simulator` runs ten thousand."""

from __future__ import annotations

import pytest

from keytui.domain.verdict import Verdict
from tests.simulator.faults import Fault
from tests.simulator.judging import Wrong
from tests.simulator.running import Tally, run

SEEDS = range(1, 181)


@pytest.fixture(scope="module")
def tally() -> Tally:
    return run(SEEDS)


def replay(wrong: Wrong) -> str:
    """What was wrong, and how to see that world."""
    return f"{wrong.what}, {wrong.at:.1f} h on: python -m tests.simulator --seed {wrong.seed} --worlds 1 --show"


def test_no_promise_is_broken(tally: Tally) -> None:
    """Not one SAFE while anybody needs the old version, none in spite of a gap, and all that is missing is named."""
    assert not tally.wrong, "\n".join(replay(wrong) for wrong in tally.wrong)


def test_what_is_idle_and_whole_is_safe(tally: Tally) -> None:
    assert tally.complete > len(SEEDS) / 4
    assert tally.share_safe >= 0.95, "\n".join(
        f"python -m tests.simulator --seed {seed} --worlds 1 --show" for seed, _ in tally.withheld
    )


def test_the_worlds_hold_every_fault_and_every_verdict(tally: Tally) -> None:
    """A simulator that plants nothing proves nothing."""
    planted = {fault for fault, _ in tally.faults}
    assert planted == set(Fault)
    assert set(tally.verdicts) == set(Verdict)
