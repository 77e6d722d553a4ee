"""Words that come late: whatever their order, a caller's longest pause is not taken for shorter than it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import delete, select

from keytui.domain.usage import Caller, Use
from keytui.vault.local.database import Database
from keytui.vault.local.database.sqlite import SqliteDatabase
from keytui.vault.local.tables import CallerRow
from keytui.vault.local.usage.recording import count_uses
from tests.world import NOON

HOUR = timedelta(hours=1)
WEB = Caller.called("web-1")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One for all examples: each empties it."""
    opened = SqliteDatabase.open(tmp_path_factory.mktemp("late") / "vault")
    yield opened
    opened.close()


def used(at: datetime, *, accepted: int = 1) -> Use:
    """That many requests at one instant, or a refused one."""
    return Use("k", 1, WEB, at, at, at, accepted, refused=not accepted)


def pause_after(database: Database, *words: tuple[Use, ...]) -> timedelta | None:
    """The longest pause that the vault knows after these words, each handed over by itself."""
    with database.writing() as session:
        session.execute(delete(CallerRow))
        for word in words:
            count_uses(session, word, "log edge")
        return session.exec(select(CallerRow)).one().longest_gap


def test_a_log_of_last_week_that_is_read_after_this_weeks_shows_the_week_between(database: Database) -> None:
    this_week = (used(NOON), used(NOON + HOUR))
    last_week = (used(NOON - 168 * HOUR), used(NOON - 167 * HOUR))

    assert pause_after(database, this_week, last_week) == 167 * HOUR
    assert pause_after(database, last_week, this_week) == 167 * HOUR


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 400), min_size=1, max_size=3), min_size=1, max_size=5), st.integers(0, 400))
def test_no_order_makes_the_longest_pause_shorter(database: Database, words: list[list[int]], refused: int) -> None:
    told = [tuple(used(NOON + hour * HOUR) for hour in word) for word in words]
    hours = sorted({hour for word in words for hour in word})
    longest = max((later - hour for hour, later in pairwise(hours)), default=0) * HOUR

    known = pause_after(database, (used(NOON + refused * HOUR, accepted=0),), *told)

    assert (known or timedelta()) >= longest
