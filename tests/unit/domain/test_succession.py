"""Which process answers for one that died: an own successor, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from keytui.domain.succession import Process, successors
from tests.world import NOON

MINUTE = timedelta(minutes=1)


def process(name: str, started: int, ended: int | None = None, *, clean: bool = False) -> Process:
    """One that ran from minute to minute; without an end it runs on."""
    return Process(name, NOON + started * MINUTE, None if ended is None else NOON + ended * MINUTE, clean)


def followed(*processes: Process) -> dict[str, str]:
    return {before: after.id for before, after in successors(processes).items()}


def test_a_process_that_starts_after_one_died_succeeds_it() -> None:
    assert followed(process("a", 0, 5), process("a2", 6)) == {"a": "a2"}


def test_one_worker_s_clean_restart_does_not_answer_for_another_that_died() -> None:
    died, restarted = process("a", 0, 5), (process("b", 0, 8, clean=True), process("b2", 9))
    assert followed(died, *restarted) == {"b": "b2"}
    assert followed(died, *restarted, process("a2", 10)) == {"b": "b2", "a": "a2"}


def test_who_still_ran_when_another_started_is_not_succeeded_by_it() -> None:
    assert followed(process("a", 0, 5), process("b", 5)) == {}
    assert followed(process("a", 0, 5, clean=True), process("b", 3)) == {}


def test_a_clock_that_was_set_back_makes_nobody_its_own_successor() -> None:
    assert followed(process("a", 5, 2)) == {}
    assert followed(process("a", 5, 2), process("b", 6)) == {"a": "b"}


lives = st.builds(
    lambda started, length, clean: (started, None if length is None else started + length, clean),
    st.integers(0, 30),
    st.none() | st.integers(-2, 10),
    st.booleans(),
)


@given(st.lists(lives, max_size=12))
def test_nobody_is_succeeded_without_a_start_that_is_nobody_else_s_successor(
    found: list[tuple[int, int | None, bool]],
) -> None:
    processes = [process(str(number), *life[:2], clean=life[2]) for number, life in enumerate(found)]
    by_id = {each.id: each for each in processes}
    followers = successors(processes)
    assert len({each.id for each in followers.values()}) == len(followers)
    for before, after in followers.items():
        ended = by_id[before].ended_at
        assert ended is not None
        assert max(ended, by_id[before].started_at) < after.started_at
