"""Every screen, palette, dialog and notification over a vault whose every text is hostile."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, Final, cast

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.screen import Screen

import keytui.tui
from keytui.domain.audit import Actor, AuditFilter
from keytui.domain.errors import Unauthenticated, Unreachable
from keytui.domain.query import Query, Sort
from keytui.domain.usage import Caller
from keytui.tui.app import Console
from keytui.tui.commands import Palette
from keytui.tui.screens import (
    approvals,
    arm,
    audit,
    audit_entry,
    base,
    callers,
    command_log,
    confirm,
    connect,
    export,
    fleet,
    import_file,
    keeping,
    key,
    key_actions,
    key_form,
    keys,
    live,
    mode,
    opening,
    profiles,
    reveal,
    revoke,
    rotate_marked,
    rotations,
    token,
    unlock,
    usage,
    welcome,
)
from keytui.tui.screens import help as help_
from keytui.tui.screens.incident import closing, incident, listed, respond
from keytui.tui.screens.wizard import ask_secret, by_hand, by_targets, followed, hand_over, screen, waive
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.protocol import Vault
from keytui.vault.standing import SealState
from tests.hostile.conftest import ROTATING, Planted
from tests.hostile.poisoned import Poisoned
from tests.hostile.texts import WHOLE, Speech, dangers
from tests.tui.conftest import one_hour_east
from tests.tui.rotation.walking import drawn, opened, until_still
from tests.world import StoppedClock

__all__ = ["one_hour_east"]

MADE_OF: Final = {
    base.VaultScreen,
    base.Dialog,
    callers.TrafficScreen,
    key_actions.KeyActions,
    key_form.KeyForm,
    live.LiveScreen,
    mode.ModeScreen,
    by_hand.ByHandScreen,
    by_targets.ByTargetsScreen,
    followed.FollowedScreen,
    keeping.FilterKeeping,
}
"""What screens are made of: none is shown by itself."""
MOST_SECONDS: Final = 4.0
"""Of the processor, with all that a test does to see that a screen has come to rest: several times what it takes."""
BY_A_KEY: Final[dict[type[Screen[Any]], tuple[str, ...]]] = {
    keys.KeysScreen: ("1",),
    rotations.RotationsScreen: ("2",),
    usage.UsageScreen: ("3",),
    audit.AuditScreen: ("4",),
    help_.HelpScreen: ("1", "question_mark"),
    Palette: ("1", "colon", "c", "h", "e", "c", "k"),
}
QUESTION: Final = confirm.Question(WHOLE, (WHOLE, WHOLE), WHOLE, WHOLE, WHOLE, WHOLE, harmless_verb=WHOLE)


@dataclass(frozen=True, slots=True)
class Given:
    """What a screen is opened with."""

    vault: Vault
    planted: Planted

    def key(self, name: str) -> str:
        return self.planted.keys[name]


Opening = Callable[[Given], Screen[Any]]


def _key_screen(name: str) -> Opening:
    return lambda given: key.KeyScreen(given.key(name))


def _unlock_dialog(seal: SealState) -> Opening:
    return lambda _: unlock.UnlockDialog(seal)


def _wizard(state: str) -> Opening:
    return lambda given: screen.WizardScreen(rotation_id=given.planted.rotations[state])


PUSHED: Final[dict[type[Screen[Any]], tuple[Opening, ...]]] = {
    approvals.ApprovalsScreen: (lambda _: approvals.ApprovalsScreen(),),
    arm.ArmDialog: (lambda _: arm.ArmDialog(WHOLE),),
    audit_entry.AuditEntryScreen: (
        lambda given: audit_entry.AuditEntryScreen(given.vault.audit(AuditFilter(), 0, 1).entries[0]),
    ),
    callers.CallersScreen: (lambda given: callers.CallersScreen(given.key("checkout-api"), WHOLE),),
    callers.CallerKeysScreen: (lambda _: callers.CallerKeysScreen(Caller.called(WHOLE)),),
    confirm.ConfirmDialog: (lambda _: confirm.ConfirmDialog(QUESTION),),
    connect.ConnectScreen: (lambda _: connect.ConnectScreen(),),
    export.ExportDialog: (lambda _: export.ExportDialog(AuditFilter(WHOLE, actor=WHOLE), 7),),
    fleet.FleetScreen: (
        lambda given: fleet.FleetScreen([given.vault.find("legacy-crm"), given.vault.find("guarded")]),
    ),
    import_file.ImportScreen: (lambda _: import_file.ImportScreen(),),
    command_log.CommandLogScreen: (lambda _: command_log.CommandLogScreen(),),
    closing.CloseIncidentDialog: (
        lambda given: closing.CloseIncidentDialog(given.vault.incident(given.planted.incident)),
    ),
    incident.IncidentScreen: (lambda given: incident.IncidentScreen(given.planted.incident),),
    listed.IncidentsScreen: (lambda _: listed.IncidentsScreen(),),
    respond.RespondScreen: (lambda given: respond.RespondScreen(given.vault.find("checkout-api")),),
    key.KeyScreen: tuple(map(_key_screen, ("checkout-api", "suspended"))),
    key_form.CreateScreen: (lambda _: key_form.CreateScreen(),),
    key_form.EditScreen: (lambda given: key_form.EditScreen(given.vault.find("checkout-api")),),
    opening.OpeningScreen: (lambda _: opening.OpeningScreen(),),
    profiles.ProfilesScreen: (lambda _: profiles.ProfilesScreen(),),
    reveal.RevealScreen: (lambda given: reveal.RevealScreen(given.vault.find("stripe")),),
    revoke.RevokeDialog: (lambda _: revoke.RevokeDialog(QUESTION),),
    rotate_marked.RotateMarkedScreen: (
        lambda given: rotate_marked.RotateMarkedScreen(
            tuple(row.key for row in given.vault.page(Query(), Sort(), 0, 9).rows)
        ),
    ),
    token.TokenDialog: (lambda _: token.TokenDialog(Unauthenticated(WHOLE, WHOLE)),),
    unlock.UnlockDialog: tuple(map(_unlock_dialog, SealState)),
    welcome.WelcomeScreen: (lambda _: welcome.WelcomeScreen(),),
    ask_secret.SecretDialog: (lambda _: ask_secret.SecretDialog(WHOLE, WHOLE, WHOLE),),
    screen.WizardScreen: (
        lambda given: screen.WizardScreen(given.key("checkout-api")),
        *map(_wizard, ROTATING),
    ),
    hand_over.HandOverScreen: (
        lambda given: hand_over.HandOverScreen(given.vault.issue(given.planted.rotations["planned"])),
    ),
    waive.WaiveDialog: (lambda _: waive.WaiveDialog((WHOLE, f"{WHOLE} again")),),
}


def every_screen() -> Iterator[type[Screen[Any]]]:
    """Each that there is in the console."""
    for module in walk_packages(keytui.tui.__path__, "keytui.tui."):
        for found in vars(import_module(module.name)).values():
            if inspect.isclass(found) and issubclass(found, Screen) and found.__module__ == module.name:
                yield found


def test_every_screen_has_a_case() -> None:
    assert set(every_screen()) == MADE_OF | BY_A_KEY.keys() | PUSHED.keys()
    assert all(one.__subclasses__() for one in MADE_OF)


@pytest.fixture
def given(planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Speech], Given]]:
    """A copy of the vault that speaks so; files beside it are hostile as well."""
    home = tmp_path / "home"
    profile = planted.copied(home)
    monkeypatch.setenv("KEYTUI_HOME", str(home))
    monkeypatch.setenv("SSH_TTY", "/dev/pts/7")
    vault = LocalVault.open(profile, clock=StoppedClock(planted.now))
    yield lambda speech: Given(cast(Vault, Poisoned(vault, speech)), planted)
    vault.close()


async def test_screens(given: Callable[[Speech], Given]) -> None:
    await _walk(given(Speech()), (80, 24), BY_A_KEY, PUSHED)


async def test_texts_of_ten_thousand_characters(given: Callable[[Speech], Given]) -> None:
    modes = {kind: presses for kind, presses in BY_A_KEY.items() if len(presses) == 1}
    few = (key.KeyScreen, confirm.ConfirmDialog)
    await _walk(given(Speech(10_000)), (60, 20), modes, {kind: PUSHED[kind] for kind in few})


async def _walk(
    hostile: Given,
    size: tuple[int, int],
    pressed: Mapping[type[Screen[Any]], tuple[str, ...]],
    pushed: Mapping[type[Screen[Any]], tuple[Opening, ...]],
) -> None:
    """Open one screen after another, and look at each."""
    profile = Profile(WHOLE, hostile.planted.directory, Actor(WHOLE, WHOLE))
    console = Console(lambda _: hostile.vault, profile, StoppedClock(hostile.planted.now))
    console.command_log.end(console.command_log.begin(f"keytui note KEY {WHOLE}\n# {WHOLE}"), WHOLE)
    assert not dangers(console.command_log.script())
    async with console.run_test(size=size, notifications=True) as pilot:
        await opened(pilot)
        for kind, presses in pressed.items():
            began = time.process_time()
            await pilot.press(*presses)
            await _looked_at(pilot, kind, began)
            if len(presses) > 1:
                await pilot.press("escape")
                await until_still(pilot)
        await pilot.press("1")
        for kind, openings in pushed.items():
            for opening_ in openings:
                await _opened_and_closed(pilot, kind, opening_(hostile))
        below = console.screen
        assert isinstance(below, base.VaultScreen)
        below.report(Unreachable(WHOLE, WHOLE))
        await _looked_at(pilot, keys.KeysScreen, time.process_time())


async def _opened_and_closed(pilot: Pilot[int], kind: type[Screen[Any]], shown: Screen[Any]) -> None:
    began = time.process_time()
    await pilot.app.push_screen(shown)
    await _looked_at(pilot, kind, began)
    while pilot.app.screen is not shown:  # it asked for something
        await pilot.app.pop_screen()
    await pilot.app.pop_screen()


async def _looked_at(pilot: Pilot[int], kind: type[Screen[Any]], began: float) -> None:
    """It is there soon; nothing in it speaks to a terminal or is taken for markup; each line is as wide as all."""
    await until_still(pilot)
    assert time.process_time() - began < MOST_SECONDS, kind
    assert any(isinstance(one, kind) for one in pilot.app.screen_stack[-2:]), pilot.app.screen_stack
    for strip in drawn(pilot):
        text = "".join(segment.text for segment in strip)
        assert not dangers(text), (kind, text)
        assert cell_len(text) == pilot.app.size.width, (kind, text)
        styles = [one.style for one in strip if one.style is not None]
        assert not [style for style in styles if style.link or "app.quit" in str(style.meta)], (kind, text)
