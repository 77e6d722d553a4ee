"""Rotating several keys: all of them by name, then one wizard after another, and one summary of how each went."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from keytui.domain.errors import KeytuiError
from keytui.domain.keys import Key
from keytui.domain.rotation import CLOSED, Plan, Rotation, RotationState
from keytui.domain.text import harmless
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.wizard.path import step_of
from keytui.tui.screens.wizard.screen import WizardScreen
from keytui.tui.widgets.scrolling import Scrolling
from keytui.tui.widgets.words import Words
from keytui.vault.protocol import Vault


class Progress(StrEnum):
    """How one of the keys stands; the value is its symbol."""

    WAITING = "·"
    HERE = "●"
    DONE = "✓"
    LEFT = "○"
    FAILED = "✗"


_STYLES: Final = {
    Progress.WAITING: "$quiet",
    Progress.HERE: "bold $accent",
    Progress.DONE: "$success",
    Progress.LEFT: "$warning",
    Progress.FAILED: "bold $error",
}
_SUMMARY: Final = {
    Progress.DONE: "handed over",
    Progress.LEFT: "left for later",
    Progress.FAILED: "cannot be rotated",
    Progress.WAITING: "not begun",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """One key's turn, and what came of it in words."""

    key: Key
    progress: Progress
    words: str = ""


class RotateMarkedScreen(VaultScreen[None]):
    """Rotates these keys. One that fails or is left neither stops nor hides the rest."""

    CSS_PATH = "rotate_marked.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#turns"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "stop here", id="marked.stop", tooltip="Rotate no more of them; nothing is lost"),
        Binding("R", "go_on", "rotate the next", id="marked.go-on", tooltip="Open the wizard for the next key"),
        Binding("F", "fleet", "in waves", id="marked.fleet", tooltip="All to their targets, in waves; asks first"),
    ]

    def __init__(self, keys: tuple[Key, ...]) -> None:
        super().__init__()
        self._by_id = {key.id: Turn(key, Progress.WAITING) for key in keys}

    def body(self) -> ComposeResult:
        with Scrolling(id="turns"):
            yield Words(id="title")
            yield Words(id="list")
            yield Words(id="summary")

    def on_mount(self) -> None:
        self._draw()
        keys = tuple(turn.key for turn in self._by_id.values())
        self.ask(lambda vault: {key.id: _obstacle(vault, key) for key in keys}, self._looked)

    def _looked(self, obstacles: dict[str, str]) -> None:
        for key_id, obstacle in obstacles.items():
            if obstacle:
                self._by_id[key_id] = Turn(self._by_id[key_id].key, Progress.FAILED, obstacle)
        self._draw()

    def action_go_on(self) -> None:
        """The next key's wizard."""
        waiting = next((turn for turn in self._by_id.values() if turn.progress is Progress.WAITING), None)
        if waiting is None:
            self.tell("every key has had its turn", "esc goes back")
            return
        self._by_id[waiting.key.id] = Turn(waiting.key, Progress.HERE, "in the wizard")
        self._draw()
        began = self.console.clock()
        wizard = WizardScreen(key_id=waiting.key.id, until_handed_over=True)
        self.app.push_screen(
            wizard,
            lambda _: self.ask(
                lambda vault: _latest(vault, waiting.key),
                lambda rotation: self._came_back(
                    waiting.key, rotation if rotation is not None and rotation.started_at >= began else None
                ),
                partial(self._failed, waiting.key),
            ),
        )

    def action_fleet(self) -> None:
        """All of them to their targets, in waves."""
        from keytui.tui.screens.fleet import FleetScreen  # noqa: PLC0415  # connectors are not loaded before the first paint

        self.app.push_screen(FleetScreen(turn.key for turn in self._by_id.values()), lambda _: self.dismiss(None))

    def _came_back(self, key: Key, rotation: Rotation | None) -> None:
        progress, words = _outcome(rotation)
        self._by_id[key.id] = Turn(key, progress, words)
        self._draw()
        if progress is Progress.DONE and any(turn.progress is Progress.WAITING for turn in self._by_id.values()):
            self.action_go_on()

    def _failed(self, key: Key, error: KeytuiError) -> None:
        self._by_id[key.id] = Turn(key, Progress.FAILED, error.message)
        self._draw()

    def _draw(self) -> None:
        turns = tuple(self._by_id.values())
        self.query_one("#title", Words).say(
            Content.styled(f"Rotate these {len(turns)} keys, one after another: each has its own hand-over", "bold")
        )
        self.query_one("#list", Words).say(Content("\n").join([Content(""), *map(_line, turns), Content("")]))
        self.query_one("#summary", Words).say(_summary(turns))


def _obstacle(vault: Vault, key: Key) -> str:
    """Why this key cannot have its turn; empty when it can. A rotation that is under way may be gone on with."""
    rotation = vault.open_rotation(key.id)
    if rotation is not None:
        return f"rotation #{rotation.id} is handed over already: see Rotations" if rotation.delivered_at else ""
    try:
        return next(iter(vault.rehearse(key.id, Plan()).problems), "")
    except KeytuiError as error:
        return error.message


def _latest(vault: Vault, key: Key) -> Rotation | None:
    return next(iter(vault.detail(key.id).rotations), None)


def _outcome(rotation: Rotation | None) -> tuple[Progress, str]:
    if rotation is None:
        return Progress.LEFT, "not begun"
    state = rotation.state.replace("_", " ")
    if rotation.state is RotationState.COMPLETED or (rotation.delivered_at and rotation.state not in CLOSED):
        return Progress.DONE, f"handed over, rotation #{rotation.id} is {state}"
    if not rotation.open:
        return Progress.LEFT, f"rotation #{rotation.id} was {state}"
    return Progress.LEFT, f"left at {step_of(rotation).title}, rotation #{rotation.id} stays open"


def _line(turn: Turn) -> Content:
    return Content.assemble(
        (f"  {turn.progress} ", _STYLES[turn.progress]),
        (harmless(turn.key.name), "bold"),
        (f"   {harmless(turn.key.environment)}", "$quiet"),
        f"   {harmless(turn.words)}",
    )


def _summary(turns: tuple[Turn, ...]) -> Content:
    if any(turn.progress is Progress.HERE for turn in turns):
        return Content("")
    counted = {progress: sum(turn.progress is progress for turn in turns) for progress in _SUMMARY}
    words = ", ".join(f"{count} {_SUMMARY[progress]}" for progress, count in counted.items() if count)
    more = counted[Progress.WAITING]
    ways = "   R rotates the next by hand, F all of them in waves, to their targets"
    return Content.assemble(words, (ways if more else "   every key has had its turn", "$quiet"))
