"""Durations as operators write and read them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytui.domain.durations import LONGEST, long, parse_duration, short, to_the_second
from keytui.domain.errors import Invalid


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30d", 2_592_000), ("24h", 86_400), ("90m", 5400), ("2w", 1_209_600), ("1h30m", 5400), ("1s", 1)],
)
def test_a_duration_is_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "30", "d", "-1d", "1.5h", "30 d", "30D", "0s", "36501d", "999999999w", "1y", "3d\n"]
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Invalid) as invalid:
        parse_duration(text)
    assert "90d" in invalid.value.hint


@given(st.text() | st.from_regex(r"([0-9]{1,12}[smhdwx])+", fullmatch=True))
def test_any_text_is_a_duration_or_invalid(text: str) -> None:
    try:
        assert timedelta() < parse_duration(text) <= timedelta(days=36_500)
    except Invalid as invalid:
        assert invalid.hint  # noqa: PT017  # either outcome is right, and this one needs its way out


@pytest.mark.parametrize(
    ("seconds", "table", "countdown"),
    [
        (-5, "0s", "0 s"),
        (59.9, "59s", "59 s"),
        (60, "1m", "1 m 0 s"),
        (3599, "59m", "59 m 59 s"),
        (3600, "1h", "1 h 0 m"),
        (172_799, "47h", "1 d 23 h"),
        (172_800, "2d", "2 d 0 h"),
        (112 * 86_400, "112d", "112 d 0 h"),
    ],
)
def test_a_duration_is_written_short_and_long(seconds: float, table: str, countdown: str) -> None:
    assert (short(timedelta(seconds=seconds)), long(timedelta(seconds=seconds))) == (table, countdown)


@given(st.timedeltas(timedelta(microseconds=1), LONGEST))
def test_what_is_written_to_the_second_is_read_again(duration: timedelta) -> None:
    assert abs(duration - parse_duration(to_the_second(duration))) < timedelta(seconds=1)


@given(st.integers(1, 10_000), st.sampled_from("smhd"))
def test_a_table_never_says_more_than_it_is(count: int, unit: str) -> None:
    duration = parse_duration(f"{count}{unit}")
    assert parse_duration(short(duration)) <= duration
