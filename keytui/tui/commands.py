"""What the palette finds: actions of the screen below it, and keys by name."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from keytui.domain.errors import KeytuiError
from keytui.domain.query import Sort, parse
from keytui.domain.text import harmless
from keytui.tui.screens.key import KeyScreen

if TYPE_CHECKING:
    from textual.dom import DOMNode

    from keytui.tui.app import Console

_KEYS_FOUND: Final = 8


class Palette(CommandPalette):
    """Textual's palette, which closes itself only: enter twice in a row would close the screen below it too."""

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close it, once."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing moves in a list that has no room yet: turning its pages fails over lines that are not there."""
        if action == "command_list" and not self.query_one(CommandList).scrollable_content_region:
            return False
        return super().check_action(action, parameters)


class Actions(Provider):
    """Every binding that works on the screen, by what it does; so each can be had without its key."""

    def _found(self) -> Iterator[tuple[Binding, DOMNode]]:
        seen: set[str] = set()
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.id is not None and binding.action not in seen and not binding.id.startswith("table."):
                seen.add(binding.action)
                yield binding, active.node

    async def discover(self) -> Hits:
        for binding, node in self._found():
            name = binding.description
            yield DiscoveryHit(Content(name), self._run(binding, node), name, binding.tooltip)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for binding, node in self._found():
            score = matcher.match(binding.description)
            if score > 0:
                yield Hit(
                    score,
                    matcher.highlight(binding.description),
                    self._run(binding, node),
                    binding.description,
                    binding.tooltip,
                )

    def _run(self, binding: Binding, node: DOMNode) -> partial[Coroutine[object, object, bool]]:
        return partial(self.app.run_action, binding.action, node)


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
