"""A screen that is live: it looks at the vault once a second, one question at a time, and holds still while paused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar, Final

from textual.binding import Binding, BindingType

from keytui.domain.errors import KeytuiError
from keytui.tui.screens.base import VaultScreen

LOOK: Final = 1.0
"""Seconds between two looks."""


class LiveScreen(VaultScreen[None]):
    """Subclasses give `look()`, which asks the vault, and `drawn()`, which shows the moment that is held."""

    BINDING_GROUP_TITLE = "On a live screen"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", "pause", show=False, id="live.pause", tooltip="Hold still to read, or go on"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.paused_at: datetime | None = None
        """Since when the screen holds still; None while it is live."""
        self._looking = False
        self._again = False
        self._outdated = False
        self._failed = False

    def on_mount(self) -> None:
        self.set_interval(LOOK, self._tick_look)

    def on_screen_resume(self) -> None:
        self._tick_look()

    def _tick_look(self) -> None:
        if self.is_current and self.paused_at is None and not self._looking:
            self.look_now()

    def look_now(self) -> None:
        """Look at once. A look that is under way comes to nothing, and this one follows it: there are never two."""
        self._again = self._outdated = self._looking
        if not self._looking:
            self._looking = True
            self.look()

    def look(self) -> None:
        """Ask the vault; every answer ends in `looked`, every failure in `look_failed`."""
        raise NotImplementedError  # a screen cannot be an ABC: Textual has a metaclass of its own

    def drawn(self) -> None:
        """Draw what is held: a moment, and since when it holds still."""

    def looked(self, hold: Callable[[], object]) -> None:
        """An answer is here: `hold` it and draw it, unless it was overtaken by a pause or another question."""
        self._failed = False
        if not self._outdated:
            hold()
            if self.paused_at is not None:
                self.paused_at = self.console.clock()
            self.drawn()
        self._next()

    def look_failed(self, error: KeytuiError) -> None:
        """A look failed: it is said once, until one succeeds again."""
        if not self._failed:
            self.report(error)
        self._failed = True
        self._next()

    def _next(self) -> None:
        again, self._looking, self._again, self._outdated = self._again, False, False, False
        if again:
            self.look_now()

    def action_pause(self) -> None:
        """Hold still, or catch up at once and go on."""
        if self.paused_at is None:
            self.paused_at = self.console.clock()
            self._outdated = self._looking
        else:
            self.paused_at = None
            self.look_now()
        self.drawn()
