"""A step makes room for the next, or goes with its screen, at any moment: what comes for it then breaks nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from threading import Event

import pytest
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Select

from keytui.domain.keys import KeyDraft
from keytui.tui.app import Console
from keytui.tui.asking import Answered
from keytui.tui.screens.key import KeyScreen
from keytui.tui.screens.wizard import review
from keytui.tui.screens.wizard.delivery import surroundings
from keytui.tui.screens.wizard.review import ReviewBody
from keytui.tui.screens.wizard.screen import _BODIES, WizardScreen
from keytui.tui.screens.wizard.step import StepBody
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from keytui.vault.outside import Outside
from keytui.vault.profile import Profile
from keytui.vault.protocol import Vault
from tests.tui.rotation.site import Site
from tests.tui.rotation.test_resume import overlapping
from tests.tui.rotation.walking import DEADLINE, opened, until, until_handled, until_said, wizard

SIZE = (120, 36)


@pytest.mark.parametrize("step", _BODIES.values(), ids=lambda step: step.__name__)
async def test_a_step_that_goes_before_it_is_mounted(
    vault: LocalVault, first: Issued, again: Callable[[], Console], step: type[StepBody]
) -> None:
    """A rotation may move on, and its wizard close, in the turn in which a step came."""
    overlapping(vault, first.key.id)
    vault.close()
    async with again().run_test(size=SIZE) as pilot:
        screen = await wizard(pilot, rotation_id=1)
        body = step()
        body.draw(screen.detail)
        screen.query_one("#step", Vertical).mount(body)
        await body.remove()
        await until_handled(pilot)
        await until_said(pilot, "● 4 Watch", "old  v1", "new  v2")


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """What the review asks for beside the vault's rehearsal is answered only once this is set."""
    released = Event()

    def late(vault: Vault, key_id: str, profile: Profile) -> Outside:
        assert released.wait(15), "nobody released it"
        return surroundings(vault, key_id, profile)

    monkeypatch.setattr(review, "surroundings", late)
    yield released
    released.set()


async def test_a_rehearsal_that_comes_when_the_review_was_left(
    console: Console, vault: LocalVault, site: Site, held: Event
) -> None:
    key = vault.create(KeyDraft("checkout-api", "production", targets=("web", "ci")), "first").key
    site.file("web.env", "API_KEY=other\n")
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, key.id)
        await until_said(pilot, "go on to issue")
        await pilot.press("enter")
        await until_said(pilot, "The secret exists in memory only")
        held.set()
        await until_handled(pilot)
        await until_said(pilot, "● 2 Issue")


async def test_an_answer_that_comes_while_its_screen_goes(console: Console, first: Issued) -> None:
    """What is in a screen is taken away before the screen is. What came of a change is heard all the same."""
    heard: list[str] = []
    async with console.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = KeyScreen(first.key.id)
        await console.push_screen(screen)
        await until_said(pilot, "key.created")
        screen.dismiss(None)
        await until(pilot, lambda: not screen.display, "a screen that goes")
        screen.on_answered(Answered(partial(heard.append, "an answer"), "", 1))
        screen.on_answered(Answered(partial(heard.append, "a change"), "", 0))
    assert heard == ["a change"]


@pytest.mark.parametrize("part", [ReviewBody, Select])
async def test_a_console_that_ends_while_the_wizard_comes(
    console: Console, first: Issued, monkeypatch: pytest.MonkeyPatch, part: type[Widget]
) -> None:
    """What is taken away while it comes does not find its own parts, Textual's own widgets among them."""
    compose = part.compose

    def ending(widget: Widget) -> ComposeResult:
        console.exit()
        yield from compose(widget)

    monkeypatch.setattr(part, "compose", ending)
    async with console.run_test(size=SIZE) as pilot:
        await opened(pilot)
        console.push_screen(WizardScreen(first.key.id))
        async with asyncio.timeout(DEADLINE):
            while console.is_running:  # a pilot's own pause would ask what has gone
                await asyncio.sleep(0.02)
    assert console.return_code == 0


async def test_a_wizard_that_is_left_at_any_moment_while_it_comes(console: Console, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await opened(pilot)
        for turns in range(10, 100, 15):
            screen = WizardScreen(first.key.id)
            await console.push_screen(screen)
            for _ in range(turns):
                await asyncio.sleep(0)
            await screen.dismiss(None)
        await until_said(pilot, "checkout-api")
