"""A new key's first secret on its way to its targets: nobody else has it, so that the step ends late, never early."""

from __future__ import annotations

from pathlib import Path

import pytest

from keytui.domain.keys import KeyDraft
from keytui.tui.app import Console
from keytui.tui.screens.wizard.hand_over import HandOverScreen
from keytui.vault.local.vault import LocalVault
from tests.tui.rotation.site import Site
from tests.tui.rotation.walking import confirm, opened, paste_back, until, until_said

SIZE = (120, 40)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Its `ci` waits until it is let go, and then fails."""
    site = Site(tmp_path / "home")
    site.write()
    (site.home / "held").touch()
    site.down()
    monkeypatch.setenv("KEYTUI_HOME", str(site.home))
    return site


async def test_pasting_it_back_ends_no_step_under_its_delivery_nor_beside_a_target_without_it(
    console: Console, vault: LocalVault, site: Site
) -> None:
    issued = vault.create(KeyDraft("api", "production", targets=("ci",)), "api")
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await opened(pilot)
        screen = HandOverScreen(issued)
        await console.push_screen(screen)
        await until(pilot, lambda: screen._delivering, "the delivery")
        for _ in range(2):
            await paste_back(pilot, issued.secret.reveal())
            await until_said(pilot, "it is being delivered")
            await pilot.press("H")
        assert console.screen is screen

        (site.home / "held").unlink()
        await until_said(pilot, "stopped at ci")
        await paste_back(pilot, issued.secret.reveal())
        await until_said(pilot, "▲ ci: has not got it, and nobody can give it this secret later.")
        await confirm(pilot)
        await until(pilot, lambda: not isinstance(console.screen, HandOverScreen), "the end of the step")
