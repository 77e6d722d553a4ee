"""How the monitor's parts share the lines: heads stay, then what is looked at, then what is dangerous."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keytui.tui.widgets.parts import shared

PARTS = ("keys", "alerts", "refusals", "rotations")
MANY = dict.fromkeys(PARTS, 100)


@given(st.integers(4, 60), st.tuples(*[st.integers(1, 200)] * 4), st.sampled_from(PARTS))
def test_no_line_is_given_twice_or_to_nobody(height: int, lines: tuple[int, ...], focused: str) -> None:
    wanted = dict(zip(PARTS, lines, strict=True))
    given_ = shared(height, wanted, focused)
    assert all(1 <= given_[part] <= wanted[part] for part in PARTS)
    assert sum(given_.values()) == min(height, sum(lines))


def test_where_lines_are_few_alerts_and_refusals_stay_and_rotations_give_way() -> None:
    given_ = shared(15, MANY, "keys")
    assert given_["rotations"] == 1
    assert given_["alerts"] >= 4
    assert given_["refusals"] >= 3


def test_what_has_the_focus_gets_half_of_the_lines() -> None:
    assert shared(15, MANY, "rotations")["rotations"] >= 7


def test_where_there_is_room_alerts_leave_most_of_it_to_the_keys() -> None:
    given_ = shared(50, {**MANY, "rotations": 6}, "keys")
    assert given_["alerts"] == 8
    assert given_["keys"] >= 25
