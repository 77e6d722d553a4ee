"""Marked keys in waves: by name first, a canary, and what fails stops it."""

from __future__ import annotations

from pathlib import Path

import pytest

from keytui.domain.keys import Key, KeyDraft
from keytui.tui.app import Console
from keytui.vault.local.vault import LocalVault
from tests.tui.rotation.site import Site
from tests.tui.rotation.walking import Walk, confirm, type_into, until, until_said
from tests.tui.walking import keys as key_table

SIZE = (120, 40)
EACH = """
[targets.each]
kind = "file"
path = "{home}/places/{{name}}"
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    site = Site(tmp_path / "home")
    site.write(EACH.format(home=site.home))
    (site.home / "places").mkdir(mode=0o700)
    monkeypatch.setenv("KEYTUI_HOME", str(site.home))
    return site


def made(vault: LocalVault, *names: str) -> tuple[Key, ...]:
    return tuple(vault.create(KeyDraft(name, "production", targets=("each",)), name).key for name in names)


async def in_waves(pilot: Walk, total: int) -> None:
    """From the table, with every key marked, to the fleet."""
    await key_table(pilot)
    for _ in range(total):
        await pilot.press("space")
    await until_said(pilot, f"✓ {total} marked")
    await pilot.press("R")
    await until_said(pilot, f"Rotate these {total} keys, one after another")
    await pilot.press("F")
    await until_said(pilot, f"Rotate these {total} keys in waves")


async def test_marked_keys_go_in_waves_to_their_targets(console: Console, vault: LocalVault, site: Site) -> None:
    names = ("api", "batch", "cron")
    made(vault, *names)
    async with console.run_test(size=SIZE) as pilot:
        await in_waves(pilot, 3)
        await until_said(pilot, "· api (production)", "canary, waits", "· cron (production)", "wave 2, waits")
        await until_said(
            pilot,
            "keytui --profile test rotate --marked api --marked batch --marked cron --wave 10% --failure-budget 0",
        )
        await type_into(pilot, "#wave", "5")
        await until_said(pilot, "the canary alone, then 1 wave;")
        await pilot.press("R")
        await until_said(pilot, "canary: api (production)")
        await confirm(pilot, typed="3 keys")
        await until_said(pilot, "✓ api (production)", "canary, rotated", "wave 1, rotated", "✓ 3 rotated")
    assert all((site.home / "places" / name).read_text().startswith("tk_") for name in names)


async def test_a_canary_that_fails_stops_it_and_the_same_keys_go_on(
    console: Console, vault: LocalVault, site: Site
) -> None:
    made(vault, "api", "batch")
    vault.create(KeyDraft("by-hand", "production"), "by hand")
    async with console.run_test(size=SIZE) as pilot:
        await in_waves(pilot, 3)
        await until_said(pilot, "○ by-hand (production)", "left out: it has no target")
        (site.home / "places" / "api").mkdir()
        await pilot.press("R")
        await confirm(pilot, typed="2 keys")
        await until_said(pilot, "✗ api (production)", "canary, failed", "○ batch (production)", "wave 1, not tried")
        await until_said(pilot, "▲ 1 failed, 1 not tried", "R goes on")
        (site.home / "places" / "api").rmdir()
        await pilot.press("R")
        await confirm(pilot, typed="2 keys")
        await until(pilot, (site.home / "places" / "batch").exists, "the second key's file")
        await until_said(pilot, "✓ 2 rotated")
