"""Times as logs write them, and anything else that stands where a time should."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytui.probes.access_log.times import Times

COMBINED = st.from_regex(r"\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2}.{0,8}", fullmatch=True)
ISO = st.from_regex(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}.{0,12}", fullmatch=True)
COUNTED = st.floats() | st.integers() | st.booleans() | st.none() | st.lists(st.integers())


@pytest.mark.parametrize(
    ("text", "zoneless"),
    [
        ("21/Nov/2026:13:00:00 +0000", False),
        ("21/Nov/2026:15:00:00 +0200", False),
        ("21/Nov/2026:07:30:00 -0530", False),
        ("21/Nov/2026:13:00:00", True),
        ("21/Nov/2026:13:00:00 ", True),
        ("2026-11-21T13:00:00Z", False),
        ("2026-11-21 13:00:00", True),
        ("1795266000", False),
        ("1795266000000", False),
    ],
)
def test_the_same_moment_in_every_format(text: str, zoneless: bool) -> None:
    times = Times()
    assert times.read(text) == 1795266000
    assert times.zoneless is zoneless


@given(st.text() | COMBINED | ISO | st.text("0123456789.:/-+TZ ²e") | COUNTED)
def test_whatever_stands_there_is_a_time_or_none(value: object) -> None:
    at = Times().read(value)
    assert at is None or 0 < at < 253_402_300_800
