"""Times as a person reads them on the command line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from keytui.cli.times import before, minute

AT = datetime(2026, 11, 21, 23, 37, tzinfo=UTC)


@pytest.fixture
def lives_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Moves the machine to a time zone, and home at the end."""

    def move(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("Europe/Berlin", "2026-11-22 00:37+01:00 23:37Z"),
        ("Asia/Kolkata", "2026-11-22 05:07+05:30 23:37Z"),
        ("America/New_York", "2026-11-21 18:37-05:00 23:37Z"),
        ("UTC", "2026-11-21 23:37Z"),
    ],
)
def test_a_time_is_local_with_utc_beside(lives_in: Callable[[str], None], zone: str, told: str) -> None:
    lives_in(zone)
    assert minute(AT) == told


def test_what_is_shown_can_be_given_back(lives_in: Callable[[str], None]) -> None:
    lives_in("Asia/Kolkata")
    shown = minute(AT).rsplit(" ", 1)[0]
    assert before(shown, AT) == AT


def test_no_time_is_never() -> None:
    assert minute(None) == "never"
    assert minute(None, "not yet") == "not yet"
