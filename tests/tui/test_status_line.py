"""The line that never leaves the screen, at any width."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from keytui.domain.access import Role
from keytui.tui.widgets.status_line import Link, Status, line
from keytui.vault.standing import SealState, Standing
from tests.world import NOON

STANDING = Standing(
    "prod",
    "keys.example.com",
    "ada@bastion-2",
    Role.TENANT_ADMIN,
    "acme",
    True,
    None,
    SealState.LOCKED,
    open_rotations=2,
    alerts=3,
)
STATUS = Status("prod", True, Link.CONNECTED, STANDING, NOON)


def test_all_of_it_is_there_when_there_is_room() -> None:
    words = line(STATUS, 160).plain
    for word in ("prod", "keys.example.com", "ada@bastion-2 · tenant_admin", "● connected", "▣ seal locked"):
        assert word in words
    for word in ("! 3 alerts", "READ-ONLY", "(:write)", "13:00", "12:00Z"):
        assert word in words


@pytest.mark.parametrize("width", range(40, 200, 7))
def test_profile_read_only_and_alerts_stay_and_nothing_runs_over(width: int) -> None:
    content = line(STATUS, width)
    assert content.cell_length == width
    assert all(word in content.plain for word in ("prod", "●", "READ-ONLY", "! 3"))


@pytest.mark.parametrize("width", range(60, 200, 7))
@pytest.mark.parametrize("link", list(Link))
def test_host_and_role_and_whether_it_answers_are_said_from_60_cells_on(width: int, link: Link) -> None:
    words = line(replace(STATUS, link=link, standing=replace(STANDING, approvals=5)), width).plain
    assert all(word in words for word in ("keys.example.com", "tenant_admin", "! 3", "READ-ONLY"))
    assert any(symbol in words for symbol in "◌●✗")


@pytest.mark.parametrize(
    ("off", "words"),
    [(timedelta(hours=-2), "▲ clock 2h behind"), (timedelta(days=400), "▲ clock 400d ahead"), (timedelta(), "")],
)
def test_a_clock_that_cannot_be_right_is_said(off: timedelta, words: str) -> None:
    status = replace(STATUS, standing=replace(STANDING, clock_off=off))
    assert words in line(status, 160).plain
    assert ("▲ clock" in line(status, 80).plain) is bool(words)


def test_of_a_long_path_the_end_stays() -> None:
    deep = replace(STATUS, standing=replace(STANDING, location="/home/ada/.local/share/keytui/default"))
    assert "…re/keytui/default" in line(deep, 70).plain


@pytest.mark.parametrize(("width", "said"), [(160, "! audit.head is damaged (doctor)"), (80, "! head"), (40, "! head")])
def test_a_head_that_says_nothing_is_told(width: int, said: str) -> None:
    content = line(replace(STATUS, standing=replace(STANDING, head_says_nothing=True)), width)
    assert content.cell_length == width
    assert all(word in content.plain for word in (said, "prod", "READ-ONLY", "! 3"))


def test_an_armed_profile_counts_its_minutes_down() -> None:
    armed = replace(STATUS, standing=replace(STANDING, armed_until=NOON + timedelta(minutes=14, seconds=1)))
    assert "▲ WRITE armed 15 m" in line(armed, 100).plain
    assert armed.writable
    late = replace(armed, now=NOON + timedelta(minutes=15))
    assert "READ-ONLY" in line(late, 100).plain
    assert not late.writable


def test_names_from_outside_are_harmless() -> None:
    hostile = replace(STATUS, profile="[red]\x1b[2J", standing=replace(STANDING, location="\u202ehost"))
    words = line(hostile, 160).plain
    assert "[red]\\x1b[2J" in words
    assert "\\u202ehost" in words
