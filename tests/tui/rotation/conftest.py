"""A key in a real local vault, and the console over it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from keytui.domain.keys import KeyDraft
from keytui.tui.app import Console
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from keytui.vault.profile import Profile
from tests.tui.rotation.site import Site
from tests.world import StoppedClock


@pytest.fixture(autouse=True)
def far_from_a_clipboard(monkeypatch: pytest.MonkeyPatch) -> None:
    """As over SSH: nothing that a test does reaches the clipboard of whoever runs it."""
    monkeypatch.setenv("SSH_TTY", "/dev/pts/7")
    for name in ("TMUX", "STY", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def first(vault: LocalVault) -> Issued:
    """checkout-api with its first version."""
    return vault.create(
        KeyDraft("checkout-api", "production", owner="payments", scopes=("bookings:read",), apps=("web",)), "first"
    )


@pytest.fixture
def again(vault: LocalVault, profile: Profile, clock: StoppedClock) -> Callable[[], Console]:
    """The console, started once more over the same vault directory."""
    return lambda: Console(lambda _: LocalVault.open(profile, clock=clock), profile, clock)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The console's home, with two targets."""
    site = Site(tmp_path / "home")
    site.write()
    monkeypatch.setenv("KEYTUI_HOME", str(site.home))
    return site
