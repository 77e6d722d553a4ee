"""The palette, and what it finds beside actions: saved filters, and keys by name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from textual import on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.events import DescendantFocus
from textual.widgets import Input
from textual.worker import Worker

from keytui.domain.errors import KeytuiError
from keytui.domain.query import Sort, parse
from keytui.domain.text import harmless
from keytui.tui.actions import literal
from keytui.tui.fields import stand_still
from keytui.tui.notices import copy_or_help_quit
from keytui.tui.screens.keeping import FilterKeeping
from keytui.tui.screens.key import KeyScreen
from keytui.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from keytui.tui.app import Console
    from keytui.tui.keystrokes import Keystrokes, Typed

_KEYS_FOUND: Final = 8


class Palette(CommandPalette):
    """Textual's palette, which closes itself only: enter twice in a row would close the screen below it too."""

    _enters = False
    """Whether enter was pressed while what was typed is still looked for."""

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield from super().compose()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        stand_still(event.widget)

    def hears_ahead(self, typed: Typed) -> bool:
        """What was typed since `:` is what to look for."""
        return True

    def on_mount(self) -> None:
        self._keystrokes.comes(self)
        self.call_after_refresh(self._keystrokes.shown, self)

    def on_unmount(self) -> None:
        self._keystrokes.go_on()

    @property
    def _keytui(self) -> Console:
        return cast("Console", self.app)

    @property
    def _keystrokes(self) -> Keystrokes:
        return self._keytui.keystrokes

    @on(Input.Submitted)
    def _choose_once_found(self, event: Input.Submitted) -> None:
        """An enter that comes before what was typed is found takes the first of it, and all else waits for that."""
        self._enters = self._searching()
        if self._enters:
            event.prevent_default().stop()
        if self._enters or self.query_one(CommandList).highlighted is not None:
            self._keystrokes.busy(self)

    def _searching(self) -> bool:
        return any(
            worker.node is self and worker.group == self._GATHER_COMMANDS_GROUP and not worker.is_finished
            for worker in self.workers
        )

    @on(Worker.StateChanged)
    def _found(self, event: Worker.StateChanged) -> None:
        if self._enters and event.worker.is_finished and not self._searching():
            self._enters = False
            if self.query_one(CommandList).highlighted is not None:
                self._select_or_command()
            else:
                self._keystrokes.shown(self)

    def action_copy_text(self) -> None:
        copy_or_help_quit(super().action_copy_text, self._keytui)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close it, once."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing moves in a list that has no room yet: turning its pages fails over lines that are not there."""
        if action == "command_list" and not self.query_one(CommandList).scrollable_content_region:
            return False
        return super().check_action(action, parameters)


class SavedFilterSearch(Provider):
    """The saved filters of the screen below, by name."""

    def _found(self) -> Iterator[tuple[str, str, partial[None]]]:
        screen = self.screen
        if isinstance(screen, FilterKeeping):
            for name, text in sorted(screen.saved.of(screen.FILTERS).items()):
                yield f"filter @{harmless(name)}", harmless(text), partial(screen.recall, name)

    async def discover(self) -> Hits:
        for words, text, recall in self._found():
            yield DiscoveryHit(Content(words), recall, words, literal(text))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for words, text, recall in self._found():
            score = matcher.match(words)
            if score > 0:
                yield Hit(score, matcher.highlight(words), recall, words, literal(text))


class KeySearch(Provider):
    """Keys that match what was typed, in the filter language."""

    async def search(self, query: str) -> Hits:
        console = cast("Console", self.app)
        try:
            page = await asyncio.to_thread(lambda: console.vault.page(parse(query), Sort(), 0, _KEYS_FOUND))
        except KeytuiError:
            return  # half-typed, or no vault: the palette simply finds no key
        for row in page.rows:
            key = row.key
            words = f"{harmless(key.name)}   {harmless(key.environment)}"
            yield Hit(0.5, Content(words), partial(self._open, key.id), words)

    def _open(self, key_id: str) -> None:
        self.app.push_screen(KeyScreen(key_id))
