"""A while lasts no longer than its length, whatever becomes of the clock."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from keytui.clock import Span
from keytui.domain.audit import Actor
from keytui.domain.errors import ReadOnly
from keytui.vault.guard import WriteGuard
from keytui.vault.profile import Profile
from tests.world import StoppedClock

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("clock_moves", "seconds", "lasts"),
    [
        (timedelta(minutes=14), 14 * 60, True),
        (timedelta(minutes=15), 15 * 60, False),
        (-HOUR, 1, False),
        (timedelta(days=365), 1, False),
        (timedelta(minutes=1), 15 * 60, False),
    ],
)
def test_a_span_ends_by_the_clock_and_by_what_has_elapsed(clock_moves: timedelta, seconds: float, lasts: bool) -> None:
    clock, elapsed = StoppedClock(), [100.0]
    span = Span(clock, timedelta(minutes=15), lambda: elapsed[0])
    assert span.lasts
    clock.advance(clock_moves)
    elapsed[0] += seconds
    assert span.lasts is lasts


def test_a_clock_that_is_set_back_disarms(tmp_path: Path) -> None:
    clock = StoppedClock()
    guard = WriteGuard(Profile("prod", tmp_path, Actor("ada", "here"), read_only=True), clock)
    guard.arm("prod")
    guard.require()
    clock.advance(-HOUR)
    with pytest.raises(ReadOnly):
        guard.require()
