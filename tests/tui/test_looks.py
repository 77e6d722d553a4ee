"""Every screen has a look of its own, and nothing of the console needs a mouse."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

from textual.binding import Binding
from textual.screen import Screen
from textual.widget import Widget

import keytui.tui
from keytui.tui.app import Console
from keytui.tui.screens.base import Dialog, VaultScreen
from keytui.tui.screens.callers import TrafficScreen
from keytui.tui.screens.keeping import FilterKeeping
from keytui.tui.screens.key_actions import KeyActions
from keytui.tui.screens.key_form import KeyForm
from keytui.tui.screens.live import LiveScreen
from keytui.tui.screens.mode import ModeScreen
from keytui.tui.screens.wizard.asking import AskingBody
from keytui.tui.screens.wizard.by_hand import ByHandScreen
from keytui.tui.screens.wizard.by_targets import ByTargetsScreen
from keytui.tui.screens.wizard.followed import FollowedScreen
from keytui.tui.screens.wizard.resuming import ResumingBody
from keytui.tui.screens.wizard.step import StepBody
from keytui.tui.widgets.mode_bar import MODES, ModeBar

HERE: Final = Path(__file__).parent
BASES: Final = {
    *(VaultScreen, Dialog, LiveScreen, ModeScreen, FilterKeeping, KeyActions, KeyForm, TrafficScreen),
    *(StepBody, AskingBody, ResumingBody, FollowedScreen, ByHandScreen, ByTargetsScreen),
}
"""What screens and steps are made from."""


def test_every_screen_and_every_step_has_a_look() -> None:
    looked_at = {name for file in HERE.rglob("__snapshots__/*/*.txt") for name in _first_line(file).split(" over ")}
    screens = {kind.__name__ for kind in _kinds() if issubclass(kind, Screen | StepBody) and kind not in BASES}
    assert not screens - looked_at, "write a look of them: tests/tui/test_snapshots.py"


def test_whatever_can_be_clicked_can_be_reached_by_keys() -> None:
    bound = {binding.action for binding in Console.BINDINGS if isinstance(binding, Binding)}
    assert all(f"mode('{mode}')" in bound for _, _, mode in MODES), "the mode bar is clicked, and 1 to 4 are pressed"
    clicked = {kind for kind in _kinds() if "on_click" in vars(kind)} - {ModeBar}
    assert clicked
    assert all(kind.can_focus for kind in clicked)


def _first_line(file: Path) -> str:
    with file.open(encoding="utf-8") as lines:
        return next(lines).strip()


def _kinds() -> Iterator[type[Widget]]:
    """Every class of widget that the console has."""
    for module in pkgutil.walk_packages(keytui.tui.__path__, "keytui.tui."):
        for kind in vars(import_module(module.name)).values():
            if isinstance(kind, type) and issubclass(kind, Widget) and kind.__module__ == module.name:
                yield kind
