"""Jobs beside the requests: one process at a time does each, and another goes on when it leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from keytui.domain.errors import Refused
from keytui.server.background import Background, Job, LeftToOthers
from keytui.vault.local.vault import LocalVault
from tests.world import StoppedClock, eventually

OFTEN = 0.01


class Rounds:
    """Counts how often it was run."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def test_one_at_a_time_and_the_next_one_when_it_leaves(vault: LocalVault) -> None:
    first, second = Rounds(), Rounds()
    one, other = (Background(vault, [Job("alerts", OFTEN, rounds)]) for rounds in (first, second))
    one.start()
    eventually(lambda: first.count > 3)
    other.start()
    seen = first.count
    eventually(lambda: first.count > seen + 3)
    assert second.count == 0

    one.close(within=5)
    eventually(lambda: second.count > 3)
    stopped = first.count
    other.close(within=5)
    assert first.count == stopped


def test_a_job_is_taken_over_from_one_that_died(vault: LocalVault, clock: StoppedClock) -> None:
    assert vault.hold_job("alerts", "one that dies", timedelta(minutes=1))
    rounds = Rounds()
    background = Background(vault, [Job("alerts", OFTEN, rounds)])
    background.start()
    assert not vault.hold_job("alerts", "a third", timedelta(minutes=1))
    assert rounds.count == 0

    clock.advance(timedelta(minutes=2))
    eventually(lambda: rounds.count > 0)
    background.close(within=5)


def test_a_job_that_fails_is_tried_again_and_said_once(vault: LocalVault, caplog: pytest.LogCaptureFixture) -> None:
    rounds = Rounds()

    def fail() -> None:
        rounds()
        raise Refused("the webhook is away", "wait")

    background = Background(vault, [Job("webhooks", OFTEN, fail)])
    background.start()
    eventually(lambda: rounds.count > 3)
    background.close(within=5)

    assert [record.getMessage() for record in caplog.records] == ["webhooks: the webhook is away; it is tried again"]


def test_what_one_cannot_do_whole_another_has_next(vault: LocalVault) -> None:
    """As where one server's configuration lacks a target."""
    first, second = Rounds(), Rounds()

    def do_in_part() -> None:
        first()
        raise LeftToOthers

    one, other = (
        Background(vault, [Job("auto-rotation", every, run)]) for every, run in ((0.2, do_in_part), (OFTEN, second))
    )
    one.start()
    eventually(lambda: first.count == 1)
    other.start()

    eventually(lambda: second.count > 3)

    one.close(within=5)
    other.close(within=5)
    assert first.count == 1


def test_what_nobody_can_do_whole_is_done_as_often_as_ever(vault: LocalVault) -> None:
    """One key whose target is nowhere holds up no other key."""
    rounds = Rounds()

    def do_in_part() -> None:
        rounds()
        raise LeftToOthers

    alone = Background(vault, [Job("auto-rotation", OFTEN, do_in_part)])
    alone.start()
    eventually(lambda: rounds.count > 5)
    alone.close(within=5)


def test_what_each_process_holds_in_memory_each_of_them_does(vault: LocalVault) -> None:
    first, second = Rounds(), Rounds()
    both = [Background(vault, [Job("refusals", OFTEN, rounds, in_each=True)]) for rounds in (first, second)]
    for one in both:
        one.start()

    eventually(lambda: first.count > 3 and second.count > 3)
    for one in both:
        one.close(within=5)
