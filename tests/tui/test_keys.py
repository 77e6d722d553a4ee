"""Mode 1 as an operator uses it: finding keys, looking at them, and marking them."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from textual.events import Key
from textual.widgets import Input

from keytui.domain.keys import KeyEdit
from keytui.domain.query import Query
from keytui.tui import vault_app
from keytui.tui.app import Console
from keytui.tui.screens.key import KeyScreen
from keytui.tui.screens.keys import KeysScreen
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Rows
from keytui.vault.wanted import Unwanted, Wanted
from tests.contract.acts import HOUR, created
from tests.tui.rotation.walking import Walk, said, until, until_said
from tests.tui.walking import keys
from tests.world import StoppedClock

SIZE = (120, 36)


def rows(pilot: Walk) -> list[str]:
    """The names in the table, from the top."""
    lines = said(pilot).splitlines()
    head = next(at for at, line in enumerate(lines) if line.lstrip().startswith("NAME"))
    return [line[3:].split("  ")[0] for line in lines[head + 1 : head + 8] if line[3:].strip()]


async def test_a_row_says_what_wants_an_eye(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        lines = {line[3:].split("  ")[0]: line for line in said(pilot).splitlines()}
        assert "▲ due" in lines["checkout-api"]
        assert "2m ago" in lines["checkout-api"]
        assert "▲ due" in lines["legacy-crm"]
        assert "never" in lines["legacy-crm"]
        assert "⇄ rot" in lines["ci-deploy"]
        assert "v2" in lines["ci-deploy"]
        assert "‖ disabled" in lines["search-indexer"]


async def test_filtering_as_you_type_and_back(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        await pilot.press("slash", *"flag:rotating")
        await until_said(pilot, "1 key ")
        assert rows(pilot) == ["ci-deploy"]
        await pilot.press("enter")
        assert console.screen.focused is console.screen.query_one("#keys")
        await pilot.press("escape")
        await until_said(pilot, "7 keys")


async def test_what_comes_in_one_piece_with_the_slash_is_typed_into_the_filter(
    console: Console, fleet: LocalVault
) -> None:
    """Over a slow line several keys arrive at once; the letters were done to the key under the cursor."""
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        for character in "/ci-R/":
            console.post_message(Key("slash" if character == "/" else character, character))
        await until(pilot, lambda: console.screen.query_one("#filter", Input).value == "ci-R/")


async def test_a_half_typed_filter_keeps_the_rows_and_says_what_is_wrong(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        await pilot.press("slash", *"ci-")
        await until_said(pilot, "1 key ")
        await pilot.press("space", "quotation_mark")
        await until_said(pilot, "ends inside a quote")
        assert rows(pilot) == ["ci-deploy"]


async def test_a_filter_by_what_no_key_has_says_what_may_have_been_meant(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        field = console.screen.query_one("#filter", Input)
        field.value = "env:prod"
        await until_said(pilot, "0 keys", "no key has env:prod; did you mean env:production?")
        field.value = "env:production"
        await until_said(pilot, "ci-deploy")
        assert "no key has" not in said(pilot)
        field.value = "-env:prod"
        await until_said(pilot, "7 keys   no key has env:prod")


async def test_what_no_key_had_is_not_said_any_more_once_one_has_it(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        field = console.screen.query_one("#filter", Input)
        for query, environment, found in (("-env:prod", "prod", "7 keys"), ("env:qa", "qa", "1 key")):
            field.value = query
            await until_said(pilot, f"no key has env:{environment}")
            created(fleet, f"a-{environment}", environment)
            await pilot.press("r")
            await until_said(pilot, f"{found}   by name")


async def test_rows_are_shown_while_they_are_counted_and_typing_on_breaks_that_off(
    console: Console, fleet: LocalVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows_of, count_of, counted, asked = LocalVault.rows, LocalVault.count, Event(), list[Wanted]()

    def uncounted(*asked_with: Any) -> Rows:
        return replace(rows_of(*asked_with), total=None)

    def slowly(vault: LocalVault, query: Query, wanted: Wanted) -> int:
        asked.append(wanted)
        counted.wait(30)
        return count_of(vault, query, wanted)

    monkeypatch.setattr(LocalVault, "rows", uncounted)
    monkeypatch.setattr(LocalVault, "count", slowly)
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        await until_said(pilot, "7+ keys, counting …")
        await pilot.press("slash", "c", "i", "-")
        await until_said(pilot, "1+ keys, counting …")
        with pytest.raises(Unwanted):
            asked[0].require()
        counted.set()
        await until_said(pilot, "1 key ")
        assert rows(pilot) == ["ci-deploy"]
        assert "✗" not in said(pilot)


async def test_sorting_by_the_next_field(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        await until_said(pilot, "by name ↑")
        await pilot.press("s")
        await until_said(pilot, "by age ↓")
        await until(pilot, lambda: rows(pilot)[0] == "partner-export", "the oldest first")


async def test_the_key_under_the_cursor_is_told_below(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await keys(pilot)
        await pilot.press("j")
        assert screen.table.cursor_row is not None
        assert screen.table.cursor_row.key.name == "checkout-api"
        await until_said(pilot, "bookings:read, bookings:write", "apps web, mobile-bff", "4 callers")


async def test_marks_stay_with_their_keys_when_the_filter_hides_them(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await keys(pilot)
        await pilot.press("j", "space", "space")
        await until_said(pilot, "✓ 2 marked")
        await pilot.press("slash", *"legacy", "enter")
        await until(pilot, lambda: rows(pilot) == ["legacy-crm"], "the filter")
        assert [row.key.name for row in screen.chosen()] == ["checkout-api", "ci-deploy"]
        await pilot.press("D")
        await until_said(pilot, "Disable these 2 keys?", "· checkout-api   production", "· ci-deploy   production")
        await until_said(pilot, "keytui --profile test disable checkout-api", "keytui --profile test disable ci-deploy")
        assert pilot.app.focused is not None
        assert pilot.app.focused.id == "keep"


async def test_the_whole_of_a_key(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=(120, 60)) as pilot:
        await keys(pilot)
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(console.screen, KeyScreen), "the key")
        await until_said(pilot, "checkout-api", "CALLER", "mobile-bff", "VERSION", "● active", "key.created", "1h ago")
        await pilot.press("q")
        await until(pilot, lambda: isinstance(console.screen, KeysScreen), "the table")


async def test_the_cursor_stays_on_its_key_when_rows_come_in_above(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await keys(pilot)
        await pilot.press("j", "j")
        created(fleet, "aaa-first")
        await until_said(pilot, "8 keys", "aaa-first")
        await until(pilot, lambda: screen.table.cursor_row is not None, "the cursor")
        assert screen.table.cursor_row is not None
        assert screen.table.cursor_row.key.name == "ci-deploy"


async def test_a_change_elsewhere_shows_by_itself(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        legacy = fleet.find("legacy-crm")
        fleet.edit(legacy.id, KeyEdit(owner="crm-team"))
        await until_said(pilot, "crm-team")


async def test_nothing_is_drawn_when_nothing_changed(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await keys(pilot)
        await until_said(pilot, "never expires")
        await pilot.pause()
        drawn: list[int] = []
        draw = screen.table.render_line

        def counted(y: int) -> object:
            drawn.append(y)
            return draw(y)

        screen.table.render_line = counted  # type: ignore[method-assign,assignment]  # it counts what is painted
        screen.refetch()
        await until(pilot, lambda: not screen.table.waiting, "the rows again")
        await pilot.pause()
        assert drawn == []


async def test_times_move_on_without_a_key_pressed(
    console: Console, fleet: LocalVault, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault_app, "TICK", 0.02)
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        await until_said(pilot, "2m ago", "13:00  12:00Z")
        clock.advance(3 * HOUR)
        await until_said(pilot, "3h ago", "16:00  15:00Z")
