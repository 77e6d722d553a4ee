"""How the monitor looks, at the sizes that people have, without colour, and on a light ground."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.tui.app import Console
from keytui.tui.themes import LIGHT
from keytui.vault.profile import Profile
from tests.tui.monitoring import ScriptedVault, busy, callers, quiet
from tests.tui.rotation.walking import until_said, until_still
from tests.tui.test_snapshots import SnapCompare, by
from tests.world import StoppedClock, repeatable_randomness

SIZES = ((60, 20), (80, 24), (120, 40), (200, 60))


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """In a directory whose name is the same everywhere: the status line shows it."""
    monkeypatch.chdir(tmp_path)
    return Profile("test", Path("vault"), Actor("ada", "bastion-2"))


@pytest.fixture
def vault(profile: Profile, clock: StoppedClock) -> Iterator[ScriptedVault]:
    """A fleet with a straggler, a refusal burst and three alerts."""
    opened = ScriptedVault.open(profile, clock, repeatable_randomness())
    opened.create(KeyDraft("ci-deploy", "production"), "ci-deploy")
    opened.moment, opened.callers_now = busy(), callers()
    yield opened
    opened.close()


@pytest.fixture
def console(vault: ScriptedVault, profile: Profile, clock: StoppedClock) -> Console:
    """The console, opened as `keytui top` does."""
    return Console(lambda _: vault, profile, clock, first_mode="usage")


def shown(*words: str, presses: tuple[str, ...] = ()) -> Callable[[Pilot[int]], object]:
    """Press these once the monitor is there, and wait for the words."""

    async def go(pilot: Pilot[int]) -> None:
        await until_said(pilot, "ROTATIONS", "● connected")
        await until_still(pilot)
        await pilot.press(*presses)
        await until_said(pilot, *words)
        await until_still(pilot)

    return go


@pytest.mark.parametrize("size", SIZES, ids=by)
def test_monitor(snap_compare: SnapCompare, console: Console, size: tuple[int, int]) -> None:
    assert snap_compare(console, terminal_size=size, run_before=shown("! critical", "203.0.113.9"))


@pytest.mark.parametrize("size", SIZES[:3], ids=by)
def test_rotations_of_a_paused_monitor(snap_compare: SnapCompare, console: Console, size: tuple[int, int]) -> None:
    run_before = shown("PAUSED", "▌ ci-deploy", "not moved", presses=("p", "shift+tab"))
    assert snap_compare(console, terminal_size=size, run_before=run_before)


@pytest.mark.parametrize("size", SIZES[:3], ids=by)
def test_alerts(snap_compare: SnapCompare, console: Console, size: tuple[int, int]) -> None:
    assert snap_compare(console, terminal_size=size, run_before=shown("▌ ! critical", presses=("tab",)))


@pytest.mark.parametrize("size", SIZES[1:3], ids=by)
def test_nothing_at_all(
    snap_compare: SnapCompare, console: Console, vault: ScriptedVault, size: tuple[int, int]
) -> None:
    vault.moment = quiet()
    assert snap_compare(console, terminal_size=size, run_before=shown("none: no request was recorded"))


@pytest.mark.parametrize("size", SIZES[:3], ids=by)
def test_callers(snap_compare: SnapCompare, console: Console, size: tuple[int, int]) -> None:
    assert snap_compare(console, terminal_size=size, run_before=shown("CALLERS 2", "4/min", presses=("enter",)))


def test_without_colour(
    snap_compare: SnapCompare,
    vault: ScriptedVault,
    profile: Profile,
    clock: StoppedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console(lambda _: vault, profile, clock, first_mode="usage")
    assert snap_compare(console, terminal_size=(120, 40), run_before=shown("! critical", "203.0.113.9"))


def test_light_theme(snap_compare: SnapCompare, console: Console) -> None:
    console.theme = LIGHT.name
    assert snap_compare(console, terminal_size=(120, 40), run_before=shown("! critical", "203.0.113.9"))
