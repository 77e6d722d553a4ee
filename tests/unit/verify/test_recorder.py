"""The recorder loses no use, keeps a flush until it has arrived, and counts what it has no room for."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from keytui.domain.usage import MOST_ROUTES, OTHER_CALLERS, OTHER_ROUTES, Caller
from keytui.verify.recorder import MOST_REFUSALS, UsageRecorder
from tests.unit.verify.memory_vault import MemoryVault
from tests.world import NOON, StoppedClock, eventually

WEB = Caller.called("web-1")
SECOND = timedelta(seconds=1)


@pytest.fixture
def vault() -> MemoryVault:
    return MemoryVault()


@pytest.fixture
def recorder(vault: MemoryVault) -> UsageRecorder:
    """One that flushes when it is told to."""
    return UsageRecorder(vault, "api-1", StoppedClock())


@pytest.fixture
def busy_threads() -> Iterator[None]:
    """Threads change places as often as they can, so that a race shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def note(recorder: UsageRecorder, at: datetime = NOON, caller: Caller = WEB, accepted: bool = True) -> bool:
    return recorder.note("k1", 1, caller, at, accepted=accepted, probe=False)


@pytest.mark.usefixtures("busy_threads")
def test_sixteen_threads_lose_no_use(vault: MemoryVault) -> None:
    recorder = UsageRecorder(vault, "api-1", StoppedClock())
    recorder.start()

    def work() -> None:
        for number in range(500):
            note(recorder, NOON + SECOND * (number % 90), Caller.called(f"web-{number % 7}"), number % 5 != 0)

    in_parallel(work, 16)
    recorder.close()

    assert sum(use.accepted for use in vault.uses) == 16 * 400
    assert sum(use.refused for use in vault.uses) == 16 * 100
    assert [flush.sequence for flush in vault.flushes] == list(range(1, len(vault.flushes) + 1))
    assert sum(flush.dropped for flush in vault.flushes) == 0


def in_parallel(work: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_it_flushes_at_least_once_a_second_by_itself(vault: MemoryVault) -> None:
    recorder = UsageRecorder(vault, "api-1", StoppedClock())
    recorder.start()
    note(recorder)

    eventually(lambda: vault.uses, within=1.0)
    recorder.close()


def test_uses_are_added_up_by_minute_and_caller_with_the_longest_pause(
    recorder: UsageRecorder, vault: MemoryVault
) -> None:
    for seconds in (0, 1, 31, 33, 65):
        note(recorder, NOON + SECOND * seconds)
    note(recorder, NOON + SECOND * 20, accepted=False)
    recorder.flush()

    first, second, refused = sorted(vault.uses, key=lambda use: (use.refused, use.minute))
    assert (first.minute, first.accepted, first.longest_gap) == (NOON, 4, SECOND * 30)
    assert (first.first_at, first.last_at) == (NOON, NOON + SECOND * 33)
    assert (second.minute, second.accepted, second.longest_gap) == (NOON + SECOND * 60, 1, timedelta())
    assert (refused.refused, refused.accepted, refused.longest_gap) == (1, 0, timedelta())


def test_a_vault_that_is_away_is_said_once_until_it_is_back(
    recorder: UsageRecorder, vault: MemoryVault, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        vault.reachable = False
        assert not recorder.flush()
        assert not recorder.flush()
        vault.reachable = True
        assert recorder.flush()

    assert [record.getMessage() for record in caplog.records] == [
        "usage could not be handed to the vault (Unreachable); it is kept for later"
    ] * 2


def test_a_flush_that_failed_goes_first_with_the_same_number(recorder: UsageRecorder, vault: MemoryVault) -> None:
    note(recorder)
    vault.reachable = False
    assert not recorder.flush()
    note(recorder, NOON + SECOND)
    assert not recorder.flush()
    vault.reachable = True
    assert recorder.flush()

    assert [(flush.sequence, sum(use.accepted for use in flush.uses)) for flush in vault.flushes] == [(1, 1), (2, 1)]


def test_a_flush_that_is_refused_for_good_is_given_up_and_its_number_is_missing(
    recorder: UsageRecorder, vault: MemoryVault, caplog: pytest.LogCaptureFixture
) -> None:
    note(recorder)
    vault.refused = {1}
    vault.reachable = False
    assert not any(recorder.flush() for _ in range(5))  # nobody was asked: that counts for nothing
    vault.reachable = True
    assert not any(recorder.flush() for _ in range(MOST_REFUSALS))
    note(recorder, NOON + SECOND)
    assert recorder.flush()

    assert [(flush.sequence, sum(use.accepted for use in flush.uses)) for flush in vault.flushes] == [(2, 1)]
    assert caplog.messages[-1] == "the vault refused usage for good (Invalid); the evidence will show a gap"


def test_nothing_is_given_up_before_the_vault_knows_of_the_process(recorder: UsageRecorder, vault: MemoryVault) -> None:
    note(recorder)
    vault.shut = True
    assert not any(recorder.flush() for _ in range(MOST_REFUSALS + 1))  # a number that is missing would show nowhere
    vault.shut = False
    assert recorder.flush()

    assert [(flush.sequence, sum(use.accepted for use in flush.uses)) for flush in vault.flushes][:1] == [(1, 1)]


def test_what_it_has_no_room_for_is_counted_as_dropped(vault: MemoryVault) -> None:
    recorder = UsageRecorder(vault, "api-1", StoppedClock(), most_tallies=3)
    for number in range(5):
        note(recorder, NOON + timedelta(minutes=number))
    recorder.flush()
    note(recorder)
    recorder.flush()

    assert [flush.dropped for flush in vault.flushes] == [2, 0]
    assert sum(use.accepted for use in vault.uses) == 4


def test_callers_beyond_the_most_are_counted_together_and_not_lost(vault: MemoryVault) -> None:
    recorder = UsageRecorder(vault, "api-1", StoppedClock(), most_callers=2)
    for number in (1, 2, 3, 4, 3, 1):
        note(recorder, caller=Caller.called(f"web-{number}"))
    recorder.flush()

    assert {use.caller.name: use.accepted for use in vault.uses} == {"web-1": 2, "web-2": 1, OTHER_CALLERS.name: 3}
    assert vault.flushes[0].dropped == 0


def test_an_acknowledgement_does_not_wait_for_the_next_flush(vault: MemoryVault) -> None:
    recorder = UsageRecorder(vault, "api-1", StoppedClock())
    recorder.start()
    recorder.acknowledge(7)

    eventually(lambda: vault.flushes and vault.flushes[-1].acknowledged == 7, within=0.5)
    recorder.close()


def test_a_clean_end_is_the_last_word(recorder: UsageRecorder, vault: MemoryVault) -> None:
    note(recorder)
    assert recorder.close()

    assert [flush.closing for flush in vault.flushes] == [True]
    assert not note(recorder)


def test_it_registers_before_its_first_flush_whenever_that_succeeds(
    recorder: UsageRecorder, vault: MemoryVault
) -> None:
    vault.reachable = False
    recorder.flush()
    vault.reachable = True
    recorder.flush()
    recorder.flush()

    assert vault.registered == [(recorder.id, "api-1")]


def test_routes_are_counted_beside_the_callers_and_bounded(recorder: UsageRecorder, vault: MemoryVault) -> None:
    for number in range(MOST_ROUTES + 2):
        for accepted in (True, True, False):
            recorder.note("k1", 1, WEB, NOON, accepted=accepted, probe=False, route=f"/{number}")
    recorder.note("k1", 1, WEB, NOON, accepted=True, probe=True, route="/asked-by-us")
    recorder.flush()

    counted = {route.route: (route.accepted, route.refused) for route in vault.flushes[-1].routes}
    assert len(counted) == MOST_ROUTES + 1
    assert counted["/0"] == (2, 1)
    assert counted[OTHER_ROUTES] == (4, 2)
