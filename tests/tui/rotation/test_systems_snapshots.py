"""How the steps look where a system does otherwise than the vault says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan
from keytui.tui.app import Console
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from keytui.vault.proving import prove
from tests.tui.looks import look_of
from tests.tui.rotation.site import PROBE, Site, System
from tests.tui.rotation.test_snapshots import at_wizard, profile
from tests.world import NOON, StoppedClock

__all__ = ["profile"]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """It answers at once, so that no picture tells how long that took."""
    assert prove.__kwdefaults__ is not None
    monkeypatch.setitem(prove.__kwdefaults__, "seconds", lambda: 0.0)
    monkeypatch.setattr("keytui.vault.proving.WITHIN", timedelta())
    with System() as running:
        yield running


@pytest.fixture
def suspended(vault: LocalVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: System) -> Issued:
    """A rotation whose old version is suspended here and let in there; its target tells of both secrets."""
    site = Site(tmp_path / "home")
    site.write(PROBE.format(url=system.url))
    config = site.home / "config.toml"
    config.write_text(config.read_text().replace('"API_KEY"', '"API_KEY"\nprevious = "API_KEY_PREVIOUS"'))
    monkeypatch.setenv("KEYTUI_HOME", str(site.home))
    made = vault.create(KeyDraft("checkout-api", "production", owner="payments", targets=("web",)), "first")
    new = vault.issue(vault.plan(made.key.id, Plan(), "plan").id)
    vault.prove(1, new.secret)
    vault.retire(1, "by hand")
    site.file("web.env", f"API_KEY={new.secret.reveal()}\nAPI_KEY_PREVIOUS={made.secret.reveal()}\n")
    return made


async def test_an_old_version_that_is_still_accepted(
    looks: SnapshotAssertion, console: Console, suspended: Issued, clock: StoppedClock
) -> None:
    assert clock() == NOON
    go = at_wizard("STILL ACCEPTED", rotation_id=1)
    assert await look_of(console, go) == looks
