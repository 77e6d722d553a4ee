"""A text that is longer than its window moves by the keys of the tables."""

from __future__ import annotations

import pytest
from textual.events import Key as Pressed

from keytui.domain.keys import Key
from keytui.domain.rotation import First, Plan, Reason, Strategy
from keytui.tui.app import Console
from keytui.tui.screens.incident.respond import RespondScreen
from keytui.tui.screens.wizard.screen import WizardScreen
from keytui.tui.widgets.scrolling import Scrolling
from keytui.vault.local.vault import LocalVault
from tests.tui.rotation.walking import Walk, until, until_said, until_still
from tests.tui.walking import keys

SIZE = (80, 12)


async def moves(pilot: Walk) -> None:
    """Press them all, and see where the text is then."""
    await until_still(pilot)
    text = pilot.app.screen.query(Scrolling).first()
    last, page = int(text.max_scroll_y), text.size.height
    assert last > 1
    for _ in range(last):
        pilot.app.post_message(Pressed("j", "j"))
    await until(pilot, lambda: text.scroll_y == last, "lines down by keys that come in one piece")
    await pilot.press("home")
    for pressed, at in (
        (("j", "down", "k"), 1),
        (("up", "ctrl+d"), min(page // 2, last)),
        (("ctrl+u", "ctrl+f"), min(page, last)),
        (("pageup", "pagedown"), min(page, last)),
        (("ctrl+b", "G"), last),
        (("g", "end"), last),
        (("home",), 0),
    ):
        await pilot.press(*pressed)
        assert text.scroll_y == at, f"{pilot.app.screen} after {pressed}"


async def test_help_a_key_and_an_entry_of_the_log(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        await pilot.press("question_mark")
        await until_said(pilot, "Keys that work here")
        await moves(pilot)
        await pilot.press("escape", "enter")
        await until_said(pilot, "scopes")
        await moves(pilot)
        await pilot.press("escape", "4")
        await until_said(pilot, "12 entries")
        await until_still(pilot)
        await pilot.press("enter")
        await until_said(pilot, "when  ")
        await moves(pilot)


@pytest.mark.parametrize("over", [RespondScreen, lambda key: WizardScreen(key.id)], ids=["respond", "wizard"])
async def test_a_screen_that_acts(console: Console, fleet: LocalVault, over: type[RespondScreen]) -> None:
    """Nothing that moves acts there: `G` went on with an emergency that had stopped half-way."""
    key: Key = fleet.find("checkout-api")
    if over is RespondScreen:
        rotation = fleet.plan(key.id, Plan(Strategy.EMERGENCY, First.REVOKE, Reason.COMPROMISE), "plan")
        fleet.issue(rotation.id)
    before = fleet.rotations(True, 0, 9)
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        await console.push_screen(over(key))
        await until_said(pilot, "O  go on" if over is RespondScreen else "checkout-api")
        await moves(pilot)
        await until_still(pilot)
    assert fleet.rotations(True, 0, 9) == before


async def test_up_and_down_go_from_field_to_field_where_a_form_scrolls_too(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        await pilot.press("N")
        await until_said(pilot, "A new key")
        await until_still(pilot)
        assert console.screen.query(Scrolling).first().max_scroll_y > 0
        first = console.screen.focused
        await pilot.press("down")
        second = console.screen.focused
        await pilot.press("down", "up")
        assert console.screen.focused is second is not first
