"""How it looks where systems disagree with the vault, and where a key is compromised."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from keytui.domain.audit import Actor
from keytui.domain.drift import Drift
from keytui.domain.incidents import IncidentDraft
from keytui.domain.keys import KeyDraft, KeyEdit
from keytui.domain.rotation import First, Plan, Reason, Strategy
from keytui.domain.secrets import parse_format
from keytui.issuers.envlist import EnvListIssuer
from keytui.tui.app import Console
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.tui.looks import look_of
from tests.tui.test_snapshots import shown
from tests.world import StoppedClock, repeatable_randomness

BY_HAND = "tk_r1b6o4k0wq8s2h5jd7f3mz9xt1c6v0ne"


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """In a directory whose name is the same everywhere: the status line shows it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYTUI_HOME", str(tmp_path / "home"))
    return Profile("test", Path("vault"), Actor("ada", "bastion-2"))


@pytest.fixture
def drifted(profile: Profile, clock: StoppedClock, tmp_path: Path) -> Iterator[LocalVault]:
    """One key that vanished at its issuer, one that was disabled and is accepted there still, one that appeared."""
    path = tmp_path / "service.env"
    path.touch(0o600)
    path.write_text("KEYS=\n")
    issuer = EnvListIssuer("reserve", path, "KEYS", parse_format("tk"))
    vault = LocalVault.open(profile, clock, repeatable_randomness(), issuers=lambda: {"reserve": issuer})
    gone, over, fine = (
        vault.create(KeyDraft(name, "production", owner="payments", issuer="reserve"), name)
        for name in ("checkout-api", "legacy-crm", "search")
    )
    vault.sync("reserve")
    vault.disable(over.key.id, "replaced")
    path.write_text(f"KEYS={over.secret.reveal()},{fine.secret.reveal()},{BY_HAND}\n")
    clock.advance(timedelta(hours=1))
    found = {one.drift for one in vault.sync("reserve").drifted}
    assert found == {Drift.VANISHED, Drift.STILL_ACCEPTED, Drift.APPEARED}
    assert vault.detail(gone.key.id).versions[0].drift is Drift.VANISHED
    yield vault
    vault.close()


async def test_keys_that_drifted(
    looks: SnapshotAssertion, profile: Profile, clock: StoppedClock, drifted: LocalVault
) -> None:
    console = Console(lambda _: drifted, profile, clock)
    assert await look_of(console, shown("≠ drifted", "legacy-crm")) == looks


async def test_a_key_that_is_accepted_still(
    looks: SnapshotAssertion, profile: Profile, clock: StoppedClock, drifted: LocalVault
) -> None:
    console = Console(lambda _: drifted, profile, clock)
    go = shown("≠ v1 is still accepted there", presses=("j", "enter"))
    assert await look_of(console, go) == looks


async def test_what_an_emergency_would_cost(looks: SnapshotAssertion, console: Console, fleet: LocalVault) -> None:
    go = shown("X  revoke first", "keytui --profile test incident checkout-api", presses=("j", "I"))
    assert await look_of(console, go) == looks


@pytest.fixture
def answered(fleet: LocalVault, clock: StoppedClock) -> int:
    """An incident an hour after its key was revoked, with a note."""
    key_id = fleet.find("checkout-api").id
    number = fleet.open_incident(IncidentDraft("checkout-api in a public repository", (key_id,))).id
    clock.advance(timedelta(minutes=1))
    rotation = fleet.plan(key_id, Plan(Strategy.EMERGENCY, First.REVOKE, Reason.COMPROMISE), "plan")
    issued = fleet.issue(rotation.id)
    fleet.prove(rotation.id, issued.secret)
    clock.advance(timedelta(hours=1))
    fleet.note_incident(number, "the repository is private again")
    return number


async def test_an_incident(looks: SnapshotAssertion, console: Console, fleet: LocalVault, answered: int) -> None:
    go = shown(f"‼ open  #{answered} checkout-api in a public", presses=("i", "enter"))
    assert await look_of(console, go) == looks


async def test_a_key_with_an_open_incident(looks: SnapshotAssertion, console: Console, fleet: LocalVault) -> None:
    fleet.edit(fleet.find("checkout-api").id, KeyEdit(description="the shop's checkout"))
    fleet.open_incident(IncidentDraft("in a public repository", (fleet.find("checkout-api").id,)))
    go = shown("‼ incident #1 is open", presses=("j", "enter"))
    assert await look_of(console, go) == looks
