"""How a rotation test walks the console: what a screen says, and waiting for it to say something."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import partial

from textual import events
from textual._context import visible_screen_stack
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, Select

from keytui.tui.app import Console
from keytui.tui.keystrokes import Hearing
from keytui.tui.screens.wizard.hand_over import HandOverScreen
from keytui.tui.screens.wizard.screen import WizardScreen

DEADLINE = 15.0
STILL = 3
"""Rounds without a change after which nothing more is on its way: a round handles all that the one before it posted."""
Walk = Pilot[int]


def said(pilot: Walk) -> str:
    """Everything that the current screen shows, as text, line by line."""
    width = pilot.app.size.width
    return "\n".join("".join(segment.text for segment in strip)[:width].rstrip() for strip in drawn(pilot))


def drawn(pilot: Walk) -> list[Strip]:
    """What is drawn, with what is behind a dialog. Lines drawn without that would be kept, and stand in a picture."""
    visible_screen_stack.set(pilot.app._background_screens)
    return pilot.app.screen._compositor.render_strips()


async def until(pilot: Walk, condition: Callable[[], bool], what: str = "") -> None:
    """Let the console run until the condition holds and its screen can be seen; fail with the screen's words otherwise.

    What is pressed before that is typed ahead, and not every screen hears it.
    """
    deadline = time.monotonic() + DEADLINE
    while not (condition() and _can_be_seen(pilot)):
        assert time.monotonic() < deadline, f"never came: {what}\n{said(pilot)}"
        await pilot.pause(0.02)


def _can_be_seen(pilot: Walk) -> bool:
    app, screen = pilot.app, pilot.app.screen
    return not isinstance(app, Console) or not isinstance(screen, Hearing) or screen in app.keystrokes._shown


async def until_said(pilot: Walk, *words: str) -> None:
    """Wait until the screen says all of these."""
    await until(pilot, lambda: all(word in said(pilot) for word in words), f"{words}")


async def until_still(pilot: Walk) -> None:
    """Wait until no question is open and what is drawn, also behind a dialog, no longer changes.

    A step is on the screen before it is laid out: whoever goes on too soon sees a frame on the way to the last one.
    """
    deadline = time.monotonic() + DEADLINE
    before, rounds = drawn(pilot), 0
    while rounds < STILL:
        assert time.monotonic() < deadline, f"never came to rest\n{said(pilot)}"
        await _all_handled(pilot)
        now = drawn(pilot)
        done = now == before and not _asking(pilot) and not any(map(_waits_to_draw, _seen_screens(pilot)))
        rounds = rounds + 1 if done else 0
        before = now


async def until_handled(pilot: Walk) -> None:
    """The same without looking at what is drawn, which is most of the work: for what was still a moment ago."""
    deadline = time.monotonic() + DEADLINE
    rounds = 0
    while rounds < STILL - 1:
        assert time.monotonic() < deadline, f"never came to rest\n{said(pilot)}"
        await _all_handled(pilot)
        rounds = 0 if _asking(pilot) or any(map(_waits_to_draw, _seen_screens(pilot))) else rounds + 1


def _seen_screens(pilot: Walk) -> list[Screen[object]]:
    return [*pilot.app._background_screens, pilot.app.screen]


def _asking(pilot: Walk) -> bool:
    return any(worker.group in {"asking", "changing"} and not worker.is_finished for worker in pilot.app.workers)


def _waits_to_draw(screen: Screen[object]) -> bool:
    """Whether something waits for the screen's next frame. One behind a dialog always wants to be painted again."""
    laid_out = not (screen._layout_required or screen._scroll_required or screen._callbacks)
    painted = not (screen.is_active and (screen._repaint_required or screen._dirty_widgets))
    return not (laid_out and painted)


async def _all_handled(pilot: Walk) -> None:
    """All that was posted so far is handled, and drawn. A pilot's own pause asks only the screen on top."""
    screens = _seen_screens(pilot)
    busy = {widget for screen in screens for widget in screen.walk_children(Widget, with_self=True)}

    def handled(widget: Widget) -> None:
        busy.discard(widget)

    for widget in tuple(busy):
        if not widget.call_later(partial(handled, widget)):
            handled(widget)
    await pilot.pause()
    await until(pilot, lambda: not any(widget.is_attached for widget in busy), "a pause")
    for screen in screens:
        screen._on_timer_update()


async def opened(pilot: Walk) -> Console:
    """The console, once its vault is open."""
    console = pilot.app
    assert isinstance(console, Console)
    await until(pilot, lambda: console.current_mode == "keys", "the keys")
    return console


async def wizard(pilot: Walk, key_id: str = "", rotation_id: int | None = None) -> WizardScreen:
    """The wizard over the keys, drawn."""
    console = await opened(pilot)
    screen = WizardScreen(key_id, rotation_id)
    await console.push_screen(screen)
    await until(pilot, lambda: screen._step is not None, "the wizard's first step")
    await pilot.pause()
    return screen


async def confirm(pilot: Walk, note: str = "", typed: str = "", *, closes: bool = True) -> None:
    """Say yes in the dialog that is open, with what it asks for. It `closes`, unless its own act is refused."""
    await until(pilot, lambda: bool(pilot.app.screen.query("#act")), "a question")
    screen = pilot.app.screen
    for selector, value in (("#note", note), ("#typed", typed)):
        if value:
            screen.query_one(selector, Input).value = value
    await until(pilot, lambda: not screen.query_one("#act").disabled, "an answer that may be given")
    await pilot.click("#act")
    if closes:
        await until(pilot, lambda: not pilot.app.is_running or pilot.app.screen is not screen, "the dialog closed")


async def choose(pilot: Walk, selector: str, value: object) -> None:
    """Choose in the wizard's form."""
    pilot.app.screen.query_one(selector, Select).value = value
    await pilot.pause()


async def type_into(pilot: Walk, selector: str, value: str) -> None:
    """Fill a field as a paste would."""
    pilot.app.screen.query_one(selector, Input).value = value
    await pilot.pause()


def all_widgets(console: Console) -> list[Widget]:
    """Every widget of every screen of every mode."""
    stacks = [screen for stack in console._screen_stacks.values() for screen in stack]
    return [widget for screen in stacks for widget in (screen, *screen.query("*"))]


async def issue(pilot: Walk) -> HandOverScreen:
    """From the review to the hand-over, by keys."""
    await until_said(pilot, "go on to issue")
    await pilot.press("enter")
    await until_said(pilot, "The secret exists in memory only")
    await pilot.press("I")
    await confirm(pilot)
    await until(pilot, lambda: isinstance(pilot.app.screen, HandOverScreen), "the hand-over")
    await until_said(pilot, "paste it back")
    screen = pilot.app.screen
    assert isinstance(screen, HandOverScreen)
    return screen


async def read_secret(pilot: Walk) -> str:
    """Ask for the secret and read it off the screen, as an operator would; then mask it again."""
    await pilot.press("v")
    await until_said(pilot, "masked again in")
    found = re.search(r"tk_[a-z0-9]{32}", said(pilot))
    assert found is not None
    await pilot.press("v")
    await until(pilot, lambda: found[0] not in said(pilot), "the mask")
    return found[0]


async def paste_back(pilot: Walk, text: str) -> None:
    """Paste into the hand-over, and press enter."""
    pilot.app.screen.post_message(events.Paste(text))
    await until(pilot, lambda: bool(pilot.app.screen.query_one("#paste-back", Input).value), "the paste")
    await pilot.press("enter")


async def hand_over(pilot: Walk) -> str:
    """Issue, read the secret, paste it back: the secret comes back, for a service to use."""
    screen = await issue(pilot)
    secret = await read_secret(pilot)
    await paste_back(pilot, secret)
    await until(pilot, lambda: pilot.app.screen is not screen, "the end of the hand-over")
    return secret
