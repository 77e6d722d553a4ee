"""What the palette finds: actions of the screen below it, and keys by name."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.events import DescendantFocus

from keytui.domain.errors import KeytuiError
from keytui.domain.query import Sort, parse
from keytui.domain.text import harmless
from keytui.tui.permissions import WhyNot
from keytui.tui.screens.base import stand_still
from keytui.tui.screens.keeping import FilterKeeping
from keytui.tui.screens.key import KeyScreen
from keytui.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from textual.dom import DOMNode

    from keytui.tui.app import Console

_KEYS_FOUND: Final = 8


def _literal(text: str) -> str:
    """What the palette, which takes the second line of an entry for markup, shows as this text.

    Textual's own `escape` leaves a tag in it that a backslash or an unusual letter follows, and the palette dies of it.
    """
    return text.replace("[", "\\[")


class Palette(CommandPalette):
    """Textual's palette, which closes itself only: enter twice in a row would close the screen below it too."""

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield from super().compose()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        stand_still(event.widget)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close it, once."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing moves in a list that has no room yet: turning its pages fails over lines that are not there."""
        if action == "command_list" and not self.query_one(CommandList).scrollable_content_region:
            return False
        return super().check_action(action, parameters)


@dataclass(frozen=True, slots=True)
class Entry:
    """One action of a screen, as the palette lists it. `why_not` is None when it can be done now."""

    binding: Binding
    node: DOMNode
    why_not: WhyNot | None

    @property
    def name(self) -> str:
        """What it does, in a word or two."""
        return self.binding.description

    @property
    def help(self) -> str:
        """More of what it does, or why it cannot be done and the way out; the palette takes it for markup."""
        if self.why_not is None:
            return self.binding.tooltip
        return _literal(f"✗ {harmless(self.why_not.reason)}; {harmless(self.why_not.way_out)}")

    def drawn(self, name: Content) -> Content:
        """Its name as the palette shows it."""
        return name if self.why_not is None else name.stylize("$quiet not bold")


class Actions(Provider):
    """Every binding of the screen, by what it does; so each can be had without its key. Choosing a disabled one says
    why it is.
    """

    def _found(self) -> Iterator[Entry]:
        console = cast("Console", self.app)
        seen: set[str] = set()
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.id is not None and binding.action not in seen and not binding.id.startswith("table."):
                seen.add(binding.action)
                yield Entry(binding, active.node, console.why_not(binding.action, active.node))

    async def discover(self) -> Hits:
        for entry in self._found():
            yield DiscoveryHit(entry.drawn(Content(entry.name)), self._run(entry), entry.name, entry.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for entry in self._found():
            score = matcher.match(entry.name)
            if score > 0:
                highlighted = entry.drawn(matcher.highlight(entry.name))
                yield Hit(score, highlighted, self._run(entry), entry.name, entry.help)

    def _run(self, entry: Entry) -> partial[Coroutine[object, object, bool]]:
        return partial(self.app.run_action, entry.binding.action, entry.node)


class SavedFilterSearch(Provider):
    """The saved filters of the screen below, by name."""

    def _found(self) -> Iterator[tuple[str, str, partial[None]]]:
        screen = self.screen
        if isinstance(screen, FilterKeeping):
            for name, text in sorted(screen.saved.of(screen.FILTERS).items()):
                yield f"filter @{harmless(name)}", harmless(text), partial(screen.recall, name)

    async def discover(self) -> Hits:
        for words, text, recall in self._found():
            yield DiscoveryHit(Content(words), recall, words, _literal(text))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for words, text, recall in self._found():
            score = matcher.match(words)
            if score > 0:
                yield Hit(score, matcher.highlight(words), recall, words, _literal(text))


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
