"""How the monitor looks, at the sizes that people have, in each theme."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.tui.app import Console
from keytui.vault.profile import Profile
from tests.tui.looks import Go, look_of
from tests.tui.monitoring import ScriptedVault, busy, callers, quiet
from tests.tui.rotation.walking import until_said, until_still
from tests.world import StoppedClock, repeatable_randomness


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


def shown(*words: str, presses: tuple[str, ...] = ()) -> Go:
    """Press these once the monitor is there, and wait for the words."""

    async def go(pilot: Pilot[int]) -> None:
        await until_said(pilot, "ROTATIONS", "● connected")
        await until_still(pilot)
        await pilot.press(*presses)
        await until_said(pilot, *words)
        await until_still(pilot)

    return go


async def test_monitor(looks: SnapshotAssertion, console: Console) -> None:
    assert await look_of(console, shown("! critical", "203.0.113.9")) == looks


async def test_rotations_of_a_paused_monitor(looks: SnapshotAssertion, console: Console) -> None:
    go = shown("PAUSED", "▌ ci-deploy", "not moved", presses=("p", "shift+tab"))
    assert await look_of(console, go) == looks


async def test_alerts(looks: SnapshotAssertion, console: Console) -> None:
    assert await look_of(console, shown("▌ ! critical", presses=("tab",))) == looks


async def test_nothing_at_all(looks: SnapshotAssertion, console: Console, vault: ScriptedVault) -> None:
    vault.moment = quiet()
    assert await look_of(console, shown("none: no request was recorded")) == looks


async def test_callers(looks: SnapshotAssertion, console: Console) -> None:
    assert await look_of(console, shown("CALLERS 2", "4/min", presses=("enter",))) == looks


async def test_keys_of_a_caller(looks: SnapshotAssertion, console: Console) -> None:
    assert await look_of(console, shown("known by", presses=("enter", "enter"))) == looks
