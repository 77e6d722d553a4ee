"""What the palette finds of actions: those of the screen below it first, then those of every other screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from textual.actions import parse
from textual.binding import Binding
from textual.command import Hit, Hits, Provider
from textual.content import Content
from textual.screen import ModalScreen

from keytui.domain.text import harmless
from keytui.tui.elsewhere import COMMANDS, MOVES, Place, everything
from keytui.tui.permissions import WhyNot
from keytui.tui.screens.base import VaultScreen

if TYPE_CHECKING:
    from keytui.tui.app import Console

_FAINT: Final = 1.0
"""The score of a name that has the letters somewhere: above keys by name, below the themes."""
_SURE: Final = 100.0
"""The score of words that are there. Those of this screen come first, what can be done before what cannot."""
_STEP: Final = 10.0


def literal(text: str) -> str:
    """What the palette, which takes the second line of an entry for markup, shows as this text.

    Textual's own `escape` leaves a tag in it that a backslash or an unusual letter follows, and the palette dies of it.
    """
    return text.replace("[", "\\[")


@dataclass(frozen=True, slots=True)
class Entry:
    """One action, as the palette lists it. `why_not` is None when choosing it does it, or leads to where it is."""

    binding: Binding
    key: str
    run: Callable[[], Coroutine[object, object, object]]
    why_not: WhyNot | None
    place: Place | None = None
    """Where it is; None for the screen below."""

    @property
    def name(self) -> str:
        """What it does, in a word or two."""
        return self.binding.description

    @property
    def help(self) -> str:
        """More of what it does and where, or why it cannot be done and the way out; then the same command."""
        told = self.binding.tooltip
        if self.why_not is not None:
            told = f"✗ {harmless(self.why_not.reason)}; {harmless(self.why_not.way_out)}"
        command = COMMANDS.get(self.binding.id or "")
        where = f"in {self.place.name}" if self.place is not None else ""
        return " · ".join(filter(None, (told, where, f"keytui {command}" if command else "")))

    @property
    def rank(self) -> int:
        """How near it is to be done: 3 here and now, 0 elsewhere and not before something is chosen."""
        return (2 if self.place is None else 0) + (1 if self.why_not is None else 0)

    def has(self, words: str) -> bool:
        """Whether these are its key, or all in what is said of it."""
        said = f"{self.name} {self.binding.tooltip} {self.help}".casefold()
        return words == self.key or all(word in said for word in words.casefold().split())

    def score(self, words: str, likeness: float) -> float:
        """How good it is for what was typed, which its name is like as far as `likeness` says; 0 for not at all."""
        if not self.has(words):
            return _FAINT + self.rank / _STEP if likeness > 0 else 0
        named = self.name.casefold()
        begins = 2 * named.startswith(words.casefold()) + (words.casefold() in named)
        return _SURE + self.rank * _STEP + begins - (_STEP / 2 if parse(self.binding.action)[1] in MOVES else 0)

    def hit(self, score: float, name: Content) -> Hit:
        """As the palette shows it."""
        drawn = name if self.why_not is None else name.stylize("$quiet not bold")
        with_key = Content.assemble(drawn, (f"   {self.key}", "$quiet")) if self.key else drawn
        return Hit(score, with_key, self.run, self.name, literal(self.help))


class Actions(Provider):
    """Every binding of the console by what it does, so that each can be had without its key. Choosing a disabled one
    says why it is.
    """

    @property
    def _console(self) -> Console:
        return cast("Console", self.app)

    async def startup(self) -> None:
        """The first palette of all reads every screen, beside the console. Nothing is waited for here: a search that
        is broken off breaks off a start that it waits for, and then nothing is found ever after. It is the app's: the
        palette may be gone before it is read, and nobody asks how that went.
        """
        self._reading = self.app.run_worker(everything, thread=True, exit_on_error=False, group="reading")

    async def _found(self) -> AsyncIterator[Entry]:
        here: set[str] = set()
        done: set[str] = set()
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.id is None or binding.id.startswith(("table.", "text.")):
                continue
            here.add(binding.id)
            if binding.description and binding.action not in done:
                done.add(binding.action)
                run = partial(self._console.run_action, binding.action, active.node)
                yield Entry(binding, self._key(binding), run, self._console.why_not(binding.action, active.node))
        for binding, place in await asyncio.shield(self._reading.wait()):
            if binding.id not in here:
                yield self._elsewhere(binding, place)

    def _elsewhere(self, binding: Binding, place: Place) -> Entry:
        why = self._why_not_there(binding, place)
        return Entry(binding, self._key(binding), partial(self._go, binding, place, why), why, place)

    def _why_not_there(self, binding: Binding, place: Place) -> WhyNot | None:
        connection = self._console.connection
        if isinstance(self.screen, ModalScreen):
            return WhyNot("not from a dialog", "esc closes it first")
        if not connection.is_open:
            return WhyNot("the vault is not open yet", "wait for it, or press r")
        if forbidden := connection.why_forbidden(parse(binding.action)[1]):
            return forbidden
        if place.first:
            return WhyNot(place.first, f"{self._console.key_of(place.by, place.key)} {place.then}")
        return None

    async def _go(self, binding: Binding, place: Place, why: WhyNot | None) -> None:
        """Go to where it can be done, and say with which key; nothing is done yet."""
        console = self._console
        if why is None:
            await console.run_action(place.go)
        if isinstance(console.screen, VaultScreen):
            if why is None:
                console.screen.tell(f"{self._key(binding)} here: {binding.description}", binding.tooltip)
            else:
                console.screen.tell(why.reason, why.way_out, severity="warning")

    def _key(self, binding: Binding) -> str:
        first = replace(binding, key=binding.key.split(",")[0])
        return self._console.key_of(binding.id or "", self._console.get_key_display(first))

    async def discover(self) -> Hits:
        async for entry in self._found():
            yield entry.hit(entry.score("", 0), Content(entry.name))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        async for entry in self._found():
            likeness = matcher.match(entry.name)
            score = entry.score(query, likeness)
            if score > 0:
                yield entry.hit(score, matcher.highlight(entry.name) if likeness > 0 else Content(entry.name))
