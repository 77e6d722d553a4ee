"""Other vaults: listed, switched to, and a team's server named, without a token in a file or on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked
from textual.widgets import Input

from keytui.tui.app import Console
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import load_profile
from tests.tui.rotation.walking import Walk, opened, said, until, until_said
from tests.tui.walking import fill

SIZE = (120, 36)
TOKEN = "kto_thisoneisnevershownorwrittendown0000"


class Chain(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:  # the backend's own reads the environment, and is not typed
        self.kept: dict[tuple[str, str], str] = {}

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("KEYTUI_HOME", str(home))
    return home


@pytest.fixture
def chain() -> Iterator[Chain]:
    before = keyring.get_keyring()
    chain = Chain()
    keyring.set_keyring(chain)
    yield chain
    keyring.set_keyring(before)


async def _form(pilot: Walk) -> None:
    await opened(pilot)
    await pilot.press("S")
    await until_said(pilot, "the vaults that this machine knows")
    await pilot.press("C")
    await until_said(pilot, "Connect to a team's server")


async def test_another_vault_is_chosen(console: Console, fleet: LocalVault, home: Path) -> None:
    (home / "config.toml").write_text(
        '[profiles.prod]\nurl = "https://keys.example.com"\ntoken = "env:T"\nproduction = true\n'
    )
    (home / "config.toml").chmod(0o600)
    async with console.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await pilot.press("S")
        await until_said(pilot, "default", "prod", "keys.example.com", "read-only")
        await pilot.press("j", "enter")
        await until(pilot, lambda: not console.is_running, "the end of this console")
    assert console.wants_profile == "prod"


async def test_a_server_is_named_and_its_token_kept_in_the_keyring(
    console: Console, fleet: LocalVault, home: Path, chain: Chain
) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await _form(pilot)
        fill(pilot, name="prod", url="https://keys.example.com/", token="keyring:prod", secret=TOKEN)
        await pilot.pause()
        assert TOKEN not in said(pilot)
        await pilot.click("#do")
        await until(pilot, lambda: not console.is_running, "the end of this console")
    assert console.wants_profile == "prod"
    assert chain.kept == {("keytui", "prod"): TOKEN}
    assert TOKEN not in (home / "config.toml").read_text()
    profile = load_profile("prod")
    assert profile.read_only
    assert profile.server is not None
    assert profile.server.url == "https://keys.example.com"


async def test_a_keyring_that_fails_leaves_no_profile_behind(
    console: Console, fleet: LocalVault, home: Path, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(service: str, username: str, password: str) -> None:
        raise KeyringLocked

    monkeypatch.setattr(chain, "set_password", locked)
    async with console.run_test(size=SIZE) as pilot:
        await _form(pilot)
        fill(pilot, name="prod", url="https://keys.example.com", token="keyring:prod", secret=TOKEN)
        await pilot.pause()
        await pilot.click("#do")
        await until_said(pilot, "✗ the keyring does not open")
        assert TOKEN not in said(pilot)
    assert not (home / "config.toml").exists()


async def test_a_token_in_the_wrong_field_does_not_stay_there(console: Console, fleet: LocalVault, home: Path) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await _form(pilot)
        fill(pilot, name="prod", url="http://keys.example.com", token=TOKEN)
        await until_said(pilot, "here goes where the token stands")
        assert pilot.app.screen.query_one("#token", Input).value == ""
        fill(pilot, token="env:KEYTUI_TOKEN")
        await pilot.click("#do")
        await until_said(pilot, "✗", "https")
    assert not (home / "config.toml").exists()
