"""How every screen looks, at the sizes that people have. `--snapshot-update` accepts what changed, after a look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import pytest
from textual.pilot import Pilot

from keytui.domain.audit import Actor
from keytui.domain.errors import Unreachable
from keytui.tui.app import Console
from keytui.tui.themes import LIGHT
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.tui.conftest import tended
from tests.tui.rotation.walking import until_said, until_still
from tests.tui.walking import keys
from tests.world import StoppedClock


class SnapCompare(Protocol):
    """The fixture of pytest-textual-snapshot."""

    def __call__(
        self, app: Console, *, terminal_size: tuple[int, int], run_before: Callable[[Pilot[int]], object]
    ) -> bool: ...


@dataclass(frozen=True, slots=True)
class Look:
    """A screen: the keys that lead to it, and words that are there once it is whole."""

    name: str
    presses: tuple[str, ...]
    words: tuple[str, ...]


SIZES: Final = ((80, 24), (120, 36))
LOOKS: Final = (
    Look("marked", ("j", "space", "space"), ("✓ 2 marked", "LAST USED")),
    Look("filter-wrong", ("slash", *"ci- ", "quotation_mark"), ("✗",)),
    Look("key", ("j", "enter"), ("checkout-api", "VERSION", "CALLER")),
    Look("create", ("N",), ("keytui create NAME",)),
    Look("edit", ("j", "E"), ("keytui edit checkout-api",)),
    Look("import", ("F",), ("Import a .env file",)),
    Look("disable", ("j", "D"), ("Disable checkout-api?",)),
    Look("revoke", ("j", "X"), ("Revoke checkout-api?",)),
    Look("usage", ("3", *["right_square_bracket"] * 3), ("keytui top --range 24h", "KEYS 1", "ci-deploy expires on")),
    Look("audit", ("4",), ("12 entries", "key.disabled")),
    Look("help", ("question_mark",), ("Keys that work here",)),
)


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """In a directory whose name is the same everywhere: the status line shows it."""
    monkeypatch.chdir(tmp_path)
    return Profile("test", Path("vault"), Actor("ada", "bastion-2"))


def by(size: tuple[int, int]) -> str:
    """`80x24`."""
    return f"{size[0]}x{size[1]}"


def shown(*words: str, presses: tuple[str, ...] = ()) -> Callable[[Pilot[int]], object]:
    """Go there, and wait until all of it is drawn."""

    async def go(pilot: Pilot[int]) -> None:
        await keys(pilot)
        if pilot.app.size.height >= 24:
            await until_said(pilot, "sha256:")
        await until_still(pilot)
        await pilot.press(*presses)
        await until_said(pilot, *words)
        await until_still(pilot)

    return go


@pytest.mark.parametrize("size", [(60, 20), *SIZES], ids=by)
def test_keys(snap_compare: SnapCompare, console: Console, fleet: LocalVault, size: tuple[int, int]) -> None:
    assert snap_compare(console, terminal_size=size, run_before=shown("checkout-api"))


@pytest.mark.parametrize("size", SIZES, ids=by)
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_screen(
    snap_compare: SnapCompare, console: Console, fleet: LocalVault, look: Look, size: tuple[int, int]
) -> None:
    assert snap_compare(console, terminal_size=size, run_before=shown(*look.words, presses=look.presses))


@pytest.mark.parametrize("size", [(60, 20), *SIZES], ids=by)
def test_read_only_and_alerts(
    snap_compare: SnapCompare, profile: Profile, clock: StoppedClock, fleet: LocalVault, size: tuple[int, int]
) -> None:
    guarded = Profile(profile.name, profile.directory, profile.actor, read_only=True)
    clock.now = fleet.rotations(True, 0, 1)[0].overlap_ends_at or clock.now
    console = Console(lambda opened: tended(LocalVault.open(opened, clock)), guarded, clock)
    assert snap_compare(console, terminal_size=size, run_before=shown("READ-ONLY", "! 2 alerts"))


def test_light_theme(snap_compare: SnapCompare, console: Console, fleet: LocalVault) -> None:
    console.theme = LIGHT.name
    assert snap_compare(console, terminal_size=(120, 36), run_before=shown("checkout-api"))


@pytest.mark.parametrize("size", SIZES, ids=by)
def test_welcome(snap_compare: SnapCompare, console: Console, size: tuple[int, int]) -> None:
    async def welcomed(pilot: Pilot[int]) -> None:
        await until_said(pilot, "look around a demo", "● connected")
        await until_still(pilot)

    assert snap_compare(console, terminal_size=size, run_before=welcomed)


@pytest.mark.parametrize("size", SIZES, ids=by)
def test_unreachable(snap_compare: SnapCompare, profile: Profile, clock: StoppedClock, size: tuple[int, int]) -> None:
    def unreachable(_: Profile) -> LocalVault:
        raise Unreachable(
            "the vault in /srv/keytui cannot be read: permission denied", "ask its owner, or use --profile"
        )

    async def failed(pilot: Pilot[int]) -> None:
        await until_said(pilot, "cannot be opened")
        await until_still(pilot)

    assert snap_compare(Console(unreachable, profile, clock), terminal_size=size, run_before=failed)
