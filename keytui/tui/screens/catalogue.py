"""Screens that the console leads to from everywhere: each is imported when it is first shown.

The first paint needs none of them. They are imported while the vault opens, in the thread that opens it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

    from textual.binding import Keymap
    from textual.command import Provider
    from textual.screen import Screen

    from keytui.tui.commands import Palette
    from keytui.tui.screens.approvals import ApprovalsScreen
    from keytui.tui.screens.arm import ArmDialog
    from keytui.tui.screens.command_log import CommandLogScreen
    from keytui.tui.screens.help import HelpScreen
    from keytui.tui.screens.incident.listed import IncidentsScreen
    from keytui.tui.screens.profiles import ProfilesScreen
    from keytui.tui.screens.token import TokenDialog
    from keytui.tui.screens.welcome import WelcomeScreen


def keys() -> Screen[Any]:
    from keytui.tui.screens.keys import KeysScreen

    return KeysScreen()


def rotations() -> Screen[Any]:
    from keytui.tui.screens.rotations import RotationsScreen

    return RotationsScreen()


def usage() -> Screen[Any]:
    from keytui.tui.screens.usage import UsageScreen

    return UsageScreen()


def audit() -> Screen[Any]:
    from keytui.tui.screens.audit import AuditScreen

    return AuditScreen()


MODES: Final[dict[str, Callable[[], Screen[Any]]]] = {
    "keys": keys,
    "rotations": rotations,
    "usage": usage,
    "audit": audit,
}


def approvals() -> type[ApprovalsScreen]:
    from keytui.tui.screens.approvals import ApprovalsScreen

    return ApprovalsScreen


def arm() -> type[ArmDialog]:
    from keytui.tui.screens.arm import ArmDialog

    return ArmDialog


def command_log() -> type[CommandLogScreen]:
    from keytui.tui.screens.command_log import CommandLogScreen

    return CommandLogScreen


def help_() -> type[HelpScreen]:
    from keytui.tui.screens.help import HelpScreen

    return HelpScreen


def incidents() -> type[IncidentsScreen]:
    from keytui.tui.screens.incident.listed import IncidentsScreen

    return IncidentsScreen


def profiles() -> type[ProfilesScreen]:
    from keytui.tui.screens.profiles import ProfilesScreen

    return ProfilesScreen


def token() -> type[TokenDialog]:
    from keytui.tui.screens.token import TokenDialog

    return TokenDialog


def welcome() -> type[WelcomeScreen]:
    from keytui.tui.screens.welcome import WelcomeScreen

    return WelcomeScreen


def palette() -> type[Palette]:
    from keytui.tui.commands import Palette

    return Palette


def actions() -> type[Provider]:
    from keytui.tui.actions import Actions

    return Actions


def key_search() -> type[Provider]:
    from keytui.tui.commands import KeySearch

    return KeySearch


def keymap(path: Path) -> Keymap:
    """The operator's own keys. Every screen is imported to check them, where there are any."""
    from keytui.vault.configuration import fields_of

    if not fields_of(path, "keymap"):
        return {}
    from keytui.tui.keymap import load_keymap

    return load_keymap(path)


def saved_filters() -> type[Provider]:
    from keytui.tui.commands import SavedFilterSearch

    return SavedFilterSearch


def fetch(mode: str) -> None:
    """Import a mode's screen."""
    import importlib

    importlib.import_module(f"keytui.tui.screens.{mode}")
