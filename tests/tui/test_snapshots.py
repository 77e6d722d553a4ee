"""How every screen looks. `--snapshot-update` accepts what changed, after a look."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from keytui.domain.audit import Actor
from keytui.domain.errors import Unreachable
from keytui.tui.app import Console
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.tui.conftest import tended
from tests.tui.looks import Go, look_of
from tests.tui.rotation.walking import until_said, until_still
from tests.tui.walking import keys
from tests.world import StoppedClock


@dataclass(frozen=True, slots=True)
class Way:
    """A screen: the keys that lead to it, and words that are there once it is whole."""

    name: str
    presses: tuple[str, ...]
    words: tuple[str, ...]


WAYS: Final = (
    Way("marked", ("j", "space", "space"), ("✓ 2 marked", "LAST USED")),
    Way("filter-wrong", ("slash", *"ci- ", "quotation_mark"), ("✗",)),
    Way("key", ("j", "enter"), ("checkout-api", "VERSION", "CALLER")),
    Way("create", ("N",), ("keytui --profile test create NAME",)),
    Way("edit", ("j", "E"), ("keytui --profile test edit checkout-api",)),
    Way("import", ("F",), ("Import a .env file",)),
    Way("disable", ("j", "D"), ("Disable checkout-api?",)),
    Way("revoke", ("j", "X"), ("Revoke checkout-api?",)),
    Way(
        "usage",
        ("3", *["right_square_bracket"] * 3),
        ("keytui --profile test top --range 24h", "KEYS 1", "ci-deploy expires on"),
    ),
    Way("audit", ("4",), ("12 entries", "key.disabled")),
    Way("help", ("question_mark",), ("Keys that work here",)),
)


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """In a directory whose name is the same everywhere: the status line shows it."""
    monkeypatch.chdir(tmp_path)
    return Profile("test", Path("vault"), Actor("ada", "bastion-2"))


def shown(*words: str, presses: tuple[str, ...] = ()) -> Go:
    """Go there, and wait until all of it is drawn."""

    async def go(pilot: Pilot[int]) -> None:
        await keys(pilot)
        await until_said(pilot, "sha256:")
        await until_still(pilot)
        await pilot.press(*presses)
        await until_said(pilot, *words)
        await until_still(pilot)

    return go


async def test_keys(looks: SnapshotAssertion, console: Console, fleet: LocalVault) -> None:
    assert await look_of(console, shown("checkout-api")) == looks


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_screen(looks: SnapshotAssertion, console: Console, fleet: LocalVault, way: Way) -> None:
    assert await look_of(console, shown(*way.words, presses=way.presses)) == looks


async def test_read_only_and_alerts(
    looks: SnapshotAssertion, profile: Profile, clock: StoppedClock, fleet: LocalVault
) -> None:
    guarded = Profile(profile.name, profile.directory, profile.actor, read_only=True)
    clock.now = fleet.rotations(True, 0, 1)[0].overlap_ends_at or clock.now
    console = Console(lambda opened: tended(LocalVault.open(opened, clock)), guarded, clock)
    assert await look_of(console, shown("READ-ONLY", "! 2 alerts")) == looks


async def test_welcome(looks: SnapshotAssertion, console: Console) -> None:
    async def welcomed(pilot: Pilot[int]) -> None:
        await until_said(pilot, "look around a demo", "● connected")
        await until_still(pilot)

    assert await look_of(console, welcomed) == looks


async def test_unreachable(looks: SnapshotAssertion, profile: Profile, clock: StoppedClock) -> None:
    def unreachable(_: Profile) -> LocalVault:
        raise Unreachable(
            "the vault in /srv/keytui cannot be read: permission denied", "ask its owner, or use --profile"
        )

    async def failed(pilot: Pilot[int]) -> None:
        await until_said(pilot, "cannot be opened")
        await until_still(pilot)

    assert await look_of(Console(unreachable, profile, clock), failed) == looks
