"""What is typed, one key after another: each finds the screen and the focus that the one before it led to.

Keys that come in one piece, as over a slow line, would all go to where the first of them went. What is typed before a
screen can be seen is typed blind: the screen says whether it hears it, and a question that confirms something does not.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable
from weakref import WeakKeyDictionary, WeakSet

from textual import events
from textual.dom import DOMNode

from keytui.tui.fields import is_field

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen
    from textual.widget import Widget

    _Press = tuple[str, Screen[object], Widget | None]
    """A key, the screen that was on top, and the focus."""

Typed = events.Key | events.Paste
PATIENCE: Final = 3.0
"""Seconds after which the next key goes on, whatever became of the one before: a keyboard never stays dead."""
_FOR_A_SCREEN: Final = 15.0
"""The same where a screen is on its way, or looks for what was chosen. Esc breaks that off."""
_ROUNDS: Final = 2
"""How often the way from a field to the app is gone: what a key leads to may be told by a message that comes behind."""


@runtime_checkable
class Hearing(Protocol):
    """A screen that says, through `Keystrokes.shown`, when it can be seen."""

    def hears_ahead(self, typed: Typed) -> bool:
        """Whether this is for it, though it was typed before it could be seen."""
        ...


class Keystrokes:
    """Belongs to an app, which asks of each key whether its turn has come, and to the app's loop."""

    def __init__(self, app: App[int]) -> None:
        self._app = app
        self._held: deque[Typed] = deque()
        self._due: tuple[Typed, DOMNode] | None = None
        """The one whose turn it is, on its way to the app again, and the screen that it is for."""
        self._went_to: DOMNode | None = None
        """Where the one before went."""
        self._sent: _Press | None = None
        """That one."""
        self._moved: _Press | None = None
        """One that led to no other screen and no other focus: the same again, held down, is not waited for."""
        self._patience: asyncio.TimerHandle | None = None
        """Runs while what the one before does is waited for."""
        self._done = False
        """Whether that is done, and only the screen that it led to cannot be seen yet."""
        self._came: WeakKeyDictionary[DOMNode, float] = WeakKeyDictionary()
        self._shown: WeakSet[DOMNode] = WeakSet()

    def have_turn(self, typed: Typed) -> bool:
        """Whether to handle it now. Otherwise it is kept, and comes to the app again."""
        if not self._app.screen_stack:
            return False  # the console ends
        screen = self._app.screen
        if self._done and _goes_back(typed) and screen in self._came:
            self._held.clear()
            self._stop_waiting()
            return True
        if self._went_to is None or (typed, screen) == self._due:
            self._due, self._went_to = None, screen.focused or screen
            self._sent = self._press(typed)
            self._repeat()
            self._follow()
            return True
        if self._due is not None and self._due[0] is typed:
            self._due = None
            self._held.appendleft(typed)
        else:
            self._held.append(typed)
        self._follow()
        return False

    def comes(self, screen: DOMNode) -> None:
        """It is about to be drawn: what was typed before now was typed blind."""
        self._came[screen] = time.monotonic()

    def shown(self, screen: DOMNode) -> None:
        """It can be seen from now on."""
        self._shown.add(screen)
        self.go_on()

    def busy(self, screen: DOMNode) -> None:
        """It hears nothing until it is `shown` again; what comes after it may."""
        self._shown.discard(screen)

    def go_on(self) -> None:
        """Another screen is on top, or can be seen."""
        if self._done:
            self._next()

    def _press(self, typed: Typed) -> _Press | None:
        """The key as it is pressed now; None for what is pasted, or typed into a field."""
        screen = self._app.screen
        if not isinstance(typed, events.Key) or is_field(screen.focused):
            return None
        return typed.key, screen, screen.focused

    def _repeat(self) -> None:
        """Send on the same key behind the one that goes now, if that moved only."""
        moved = self._moved
        if moved is not None and self._held and moved == self._sent == self._press(self._held[0]):
            self._send(self._held.popleft())

    def _send(self, typed: Typed) -> None:
        self._due = typed, self._app.screen
        self._app.post_message(typed)

    def _follow(self) -> None:
        """Wait until what the key before does is done: its way is gone behind it, from where it went up to the app."""
        if not self._held or self._due is not None or self._patience is not None or self._went_to is None:
            return
        patience = self._wait(PATIENCE)
        self._climb(patience, iter([*self._went_to.ancestors_with_self, self._app] * _ROUNDS))

    def _climb(self, patience: asyncio.TimerHandle, way: Iterator[DOMNode]) -> None:
        for node in way:
            if node.call_later(self._climb, patience, way):
                return
        if patience is self._patience:
            self._next()

    def _wait(self, seconds: float) -> asyncio.TimerHandle:
        self._stop_waiting()
        self._patience = asyncio.get_running_loop().call_later(seconds, self._give_up)
        return self._patience

    def _stop_waiting(self) -> None:
        self._done = False
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._shown.add(self._app.screen)
        self._next()

    def _next(self) -> None:
        """Send on the next that the screen on top hears, once that can be seen. What it does not hear is forgotten."""
        screen = self._app.screen
        if isinstance(screen, Hearing) and screen not in self._shown and not self._broken_off(screen):
            self._wait(_FOR_A_SCREEN)
            self._done = True
            return
        self._stop_waiting()
        self._moved = self._sent if self._sent is not None and self._sent[1:] == (screen, screen.focused) else None
        while self._held:
            typed = self._held.popleft()
            if not isinstance(screen, Hearing) or self._saw(screen, typed) or screen.hears_ahead(typed):
                self._send(typed)
                return

    def _broken_off(self, screen: DOMNode) -> bool:
        """Whether who saw the screen no longer waits for it. What was typed before that esc is forgotten."""
        came = self._came.get(screen)
        for at, typed in enumerate(self._held):
            if came is not None and typed.time >= came and _goes_back(typed):
                for _ in range(at):
                    self._held.popleft()
                return True
        return False

    def _saw(self, screen: DOMNode, typed: Typed) -> bool:
        """Whether who typed it may have seen the screen."""
        return _goes_back(typed) or typed.time >= self._came.get(screen, time.monotonic())


def _goes_back(typed: Typed) -> bool:
    """That is harmless on every screen: one that holds something asks."""
    return isinstance(typed, events.Key) and typed.key == "escape"
