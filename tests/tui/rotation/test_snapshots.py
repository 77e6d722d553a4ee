"""How each step looks, at the sizes that people have. `--snapshot-update` accepts what changed, after a look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from keytui.domain.audit import Actor
from keytui.domain.rotation import Plan
from keytui.domain.usage import Caller
from keytui.tui.app import Console
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from keytui.vault.profile import Profile
from tests.tui.looks import Go, look_of
from tests.tui.rotation.days import Days, days_of
from tests.tui.rotation.walking import issue, opened, until_said, until_still, wizard
from tests.world import StoppedClock


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """In a directory whose name is the same everywhere: the status line shows it."""
    monkeypatch.chdir(tmp_path)
    return Profile("prod", Path("vault"), Actor("ada", "bastion-2"))


@pytest.fixture
def days(profile: Profile, clock: StoppedClock, first: Issued) -> Iterator[Days]:
    """A day and two hours of two callers and a third that says no name."""
    with days_of(profile, clock) as passing:
        passing.pass_(26, first.key.id, **{"web-1": 1, "nightly-report": 1})
        passing.meet(first.key.id, 1, Caller.undeclared("10.0.3.7", "python-httpx/0.28"), 72)
        yield passing


@pytest.fixture
def watched(vault: LocalVault, first: Issued, days: Days, clock: StoppedClock) -> None:
    """An overlap, three hours old: one caller has moved, one has not, one has not come by."""
    new = vault.issue(vault.plan(first.key.id, Plan(label="spring"), "plan").id)
    vault.prove(1, new.secret)
    vault.leave_note(1, "the night job runs at two; ask Grace")
    days.pass_(3, first.key.id, **{"web-1": 2})
    days.meet(first.key.id, 1, Caller.undeclared("10.0.3.7", "python-httpx/0.28"), 9)


def at_wizard(*words: str, key_id: str = "", rotation_id: int | None = None, presses: tuple[str, ...] = ()) -> Go:
    async def go(pilot: Pilot[int]) -> None:
        await wizard(pilot, key_id, rotation_id)
        await until_still(pilot)
        await pilot.press(*presses)
        await until_said(pilot, *words)
        await until_still(pilot)

    return go


async def test_review(looks: SnapshotAssertion, console: Console, first: Issued, days: Days) -> None:
    go = at_wizard("3 known callers", "same as", key_id=first.key.id)
    assert await look_of(console, go) == looks


async def test_issue(looks: SnapshotAssertion, console: Console, first: Issued, days: Days) -> None:
    go = at_wizard("Issue v2 beside v1", key_id=first.key.id, presses=("enter",))
    assert await look_of(console, go) == looks


async def test_hand_over(looks: SnapshotAssertion, console: Console, first: Issued) -> None:
    async def go(pilot: Pilot[int]) -> None:
        await wizard(pilot, first.key.id)
        await issue(pilot)
        await pilot.press("c")
        await until_said(pilot, "Terminals do not confirm")
        await until_still(pilot)

    assert await look_of(console, go) == looks


async def test_a_lost_secret(looks: SnapshotAssertion, console: Console, vault: LocalVault, first: Issued) -> None:
    vault.issue(vault.plan(first.key.id, Plan(), "plan").id)
    go = at_wizard("the secret of v2 is gone", rotation_id=1)
    assert await look_of(console, go) == looks


@pytest.mark.usefixtures("watched")
async def test_watch(looks: SnapshotAssertion, console: Console) -> None:
    go = at_wizard("NOT SAFE", "10.0.3.7", rotation_id=1)
    assert await look_of(console, go) == looks


@pytest.mark.usefixtures("watched")
async def test_retiring_against_the_verdict(looks: SnapshotAssertion, console: Console) -> None:
    go = at_wizard("all the same", "type checkout-api", rotation_id=1, presses=("T",))
    assert await look_of(console, go) == looks


@pytest.mark.usefixtures("watched")
async def test_retire(looks: SnapshotAssertion, console: Console, vault: LocalVault, clock: StoppedClock) -> None:
    vault.retire(1, "by hand")
    clock.advance(timedelta(minutes=12))
    go = at_wizard("v1 is suspended", "watched for 12 m", rotation_id=1)
    assert await look_of(console, go) == looks


@pytest.mark.usefixtures("watched")
async def test_proof(looks: SnapshotAssertion, console: Console, vault: LocalVault) -> None:
    vault.retire(1, "by hand")
    vault.complete(1, "by hand")
    go = at_wizard("rotation #1 is completed", "in the audit log", rotation_id=1)
    assert await look_of(console, go) == looks


@pytest.mark.usefixtures("watched")
async def test_rotations(looks: SnapshotAssertion, console: Console, clock: StoppedClock) -> None:
    clock.advance(timedelta(hours=22))

    async def go(pilot: Pilot[int]) -> None:
        await opened(pilot)
        await pilot.press("2")
        await until_said(pilot, "overdue by 1 h 0 m", "ask Grace")
        await until_still(pilot)

    assert await look_of(console, go) == looks


@pytest.mark.usefixtures("watched")
async def test_waiving(looks: SnapshotAssertion, console: Console) -> None:
    assert await look_of(console, at_wizard("aive", rotation_id=1, presses=("w",))) == looks
