"""When a key's load is back, and what becomes of text from outside in a report."""

from __future__ import annotations

from datetime import timedelta

import pytest

from keytui.domain.incident_report import as_markdown
from keytui.domain.incidents import CutOff, Happening, Incident, IncidentDetail, Load, Moment
from tests.world import NOON

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("before", "lately", "over", "back"),
    [
        ((400, 600), 500, HOUR, True),
        ((400, 600), 150, HOUR, False),
        ((400, 600), 1500, HOUR, False),
        ((400, 600), 100, HOUR / 4, True),  # 400 an hour
        ((400, 600), 40, HOUR / 4, True),  # 160 an hour, which may be chance
        ((400, 600), 20, HOUR / 4, False),
        ((400, 600), 80, HOUR / 10, False),  # 800 an hour, but too early to tell
        ((2, 3), 1, HOUR, True),  # chance
        ((2, 3), 0, HOUR, False),  # perhaps chance; nobody was let in
        ((0,) + (40,) * 23, 0, HOUR, False),
        ((0,) + (40,) * 23, 3, HOUR, False),
        ((0,) + (40,) * 23, 30, HOUR, True),
        ((10,) * 23 + (9000,), 10, HOUR, True),  # a burst is no usual hour
        ((0,) * 16 + (50,) * 8, 5, HOUR, False),
        ((0,) * 16 + (50,) * 8, 40, HOUR, True),
        ((40, 60), 0, HOUR, False),
        ((), 0, timedelta(), True),  # nothing was ever counted
        ((0, 0), 900, HOUR, True),
    ],
)
def test_load_is_back_within_half_and_twice_of_what_was_usual(
    before: tuple[int, ...], lately: int, over: timedelta, back: bool
) -> None:
    load = Load("checkout", before, lately, over)
    assert load.back is back
    assert ("not back" in load.in_words() or "too early" in load.in_words()) is not back


def test_a_load_is_not_back_while_a_caller_of_that_day_is_out() -> None:
    load = Load("checkout", (400, 600), 500, HOUR, missing=2)
    assert not load.back
    assert "not back; callers that were cut off and are not back: 2" in load.in_words()


def test_nobody_should_be_let_in_with_a_revoked_key() -> None:
    assert Load("checkout", (400,), 0, HOUR, revoked=True).back
    assert "which nobody should let in" in Load("checkout", (400,), 3, HOUR, revoked=True).in_words()


def test_a_report_names_no_address_unasked_and_holds_no_markup_of_others() -> None:
    incident = Incident(1, "leak", "", (), "ada@laptop", NOON)
    gone = CutOff("203.0.113.9 curl/8", False, "checkout", 1, NOON, NOON, 3, None)
    timeline = (
        Moment(NOON, "ada@laptop", Happening.DONE, "rotation.waived: checkout v1; subject 203.0.113.9 curl/8"),
        Moment(NOON, "203.0.113.9 curl/8", Happening.CUT_OFF, "used v1", declared=False),
        Moment(NOON, "mal|lory", Happening.CUT_OFF, "<script>\x1b[2J\u202e"),
    )
    detail = IncidentDetail(incident, timeline, (gone,), ())

    report = as_markdown(detail)

    assert "203.0.113.9" not in report
    assert "| undeclared caller 1 | checkout v1 |" in report
    assert "**cut off** undeclared caller 1: used v1" in report
    assert r"mal\|lory: \<script\>\\x1b\[2J\\u202e" in report
    assert "203.0.113.9 curl/8" in as_markdown(detail, with_addresses=True)
