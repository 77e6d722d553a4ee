"""How the screens look that lie behind a mode: dialogs, lists and forms, each as it first comes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion

from keytui.domain.access import Principal, Role
from keytui.domain.audit import Actor
from keytui.domain.errors import ApprovalNeeded, Unauthenticated
from keytui.domain.incidents import IncidentDraft
from keytui.domain.keys import KeyDraft, Kind
from keytui.domain.rotation import Plan
from keytui.domain.secrets import Secret
from keytui.tui.app import Console
from keytui.tui.screens.incident.closing import CloseIncidentDialog
from keytui.tui.screens.token import TokenDialog
from keytui.tui.screens.wizard.ask_secret import SecretDialog
from keytui.vault.appearance import ThemeName
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.contract.acts import created, request
from tests.tui.conftest import tended
from tests.tui.looks import Go, look_of
from tests.tui.rotation.walking import Walk, opened, until_said, until_still
from tests.tui.test_snapshots import Way, profile, shown
from tests.tui.walking import keys
from tests.world import StoppedClock

__all__ = ["profile"]
WAYS = (
    Way("audit-entry", ("4", "enter"), ("opens its key",)),
    Way("export", ("4", "x"), ("audit.csv",)),
    Way("profiles", ("S",), ("the vaults that this machine knows", "default")),
    Way("connect", ("S", "C"), ("Connect to a team's server",)),
    Way("command-log", ("at",), ("@",)),
    Way("rotate-marked", ("space", "space", "R"), ("Rotate these 2 keys",)),
    Way("fleet", ("space", "space", "R", "F"), ("waves",)),
    Way("incidents", ("i",), ("ncident",)),
)


@pytest.fixture(autouse=True)
def _a_home_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYTUI_HOME", "home")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_screen(looks: SnapshotAssertion, console: Console, fleet: LocalVault, way: Way) -> None:
    assert await look_of(console, shown(*way.words, presses=way.presses)) == looks


@pytest.mark.parametrize("theme", [ThemeName.DARK, ThemeName.LIGHT, ThemeName.HIGH_CONTRAST])
async def test_palette(
    looks: SnapshotAssertion, fleet: LocalVault, profile: Profile, clock: StoppedClock, theme: ThemeName
) -> None:
    """It keeps the colours that it was opened with, and is gone once a theme was chosen in it."""
    console = Console(lambda _: tended(fleet), profile, clock, theme=theme)
    go = shown("Theme: light", "White on black", presses=("colon", *"theme"))
    assert await look_of(console, go, themes=(theme,)) == looks


async def test_arming(looks: SnapshotAssertion, read_only_console: Callable[[], Console], fleet: LocalVault) -> None:
    assert await look_of(read_only_console(), shown("15 minutes", presses=("W",))) == looks


def pushed(make: Callable[[Console], object], *words: str) -> Go:
    """To a screen that is pushed over the keys."""

    async def go(pilot: Walk) -> None:
        await keys(pilot)
        console = await opened(pilot)
        make(console)
        await until_said(pilot, *words)
        await until_still(pilot)

    return go


async def test_a_token_is_asked_for(looks: SnapshotAssertion, console: Console, fleet: LocalVault) -> None:
    refused = Unauthenticated("the server does not know this token")
    assert await look_of(console, pushed(lambda on: on.push_screen(TokenDialog(refused)), "asks for a token")) == looks


async def test_closing_an_incident(looks: SnapshotAssertion, console: Console, fleet: LocalVault) -> None:
    number = fleet.open_incident(IncidentDraft("it leaked", (fleet.find("checkout-api").id,))).id
    dialog = CloseIncidentDialog(fleet.incident(number))
    assert await look_of(console, pushed(lambda on: on.push_screen(dialog), "Close incident #1?")) == looks


async def test_approvals(looks: SnapshotAssertion, vault: LocalVault, profile: Profile, clock: StoppedClock) -> None:
    def acting(name: str) -> LocalVault:
        return vault.acting_as(Principal(Actor(name, "10.0.0.7"), Role.SUPER_ADMIN, operator_id=name))

    key = created(vault, "payments-live", sensitive=True).key
    with pytest.raises(ApprovalNeeded):
        acting("ada").plan(key.id, Plan(), request())
    console = Console(lambda _: acting("grace"), profile, clock)
    assert await look_of(console, shown("? waits", "payments-live", presses=("P",))) == looks


@pytest.fixture
def sealed(vault: LocalVault) -> LocalVault:
    """A vault with a sealed token."""
    vault.set_passphrase(Secret("correct horse"))
    vault.seal(KeyDraft("github-token", "production", kind=Kind.TOKEN, owner="platform"), Secret("ghp_a1b2c3d4"))
    return vault


def asked_for(*words: str) -> Go:
    """To the sealed value, or to the passphrase before it."""

    async def go(pilot: Walk) -> None:
        await keys(pilot)
        await pilot.press("V")
        await until_said(pilot, *words)
        await until_still(pilot)

    return go


async def test_unlocking(looks: SnapshotAssertion, console: Console, sealed: LocalVault) -> None:
    sealed.lock()
    assert await look_of(console, asked_for("Sealed values are locked")) == looks


async def test_a_sealed_value(looks: SnapshotAssertion, console: Console, sealed: LocalVault) -> None:
    written = await look_of(console, asked_for("in the audit log"))
    assert "ghp_a1b2c3d4" not in written
    assert written == looks


async def test_an_old_secret_is_asked_for(looks: SnapshotAssertion, console: Console, fleet: LocalVault) -> None:
    dialog = SecretDialog("Ask with the old secret", "It is compared by digest and kept nowhere.", "Ask")
    assert await look_of(console, pushed(lambda on: on.push_screen(dialog), "kept nowhere")) == looks
