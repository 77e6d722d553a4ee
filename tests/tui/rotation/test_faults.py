"""Issuer and target fail one after another while the wizard runs: the operator tries again, and it ends well."""

from __future__ import annotations

from pathlib import Path

import pytest
from dotenv import dotenv_values

from keytui.domain.keys import KeyDraft, VersionState
from keytui.domain.rotation import RotationState
from keytui.domain.secrets import parse_format
from keytui.issuers.envlist import EnvListIssuer
from keytui.tui.app import Console
from keytui.tui.screens.wizard.hand_over import HandOverScreen
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from keytui.vault.profile import Profile
from tests.tui.rotation.site import Site
from tests.tui.rotation.walking import Walk, confirm, until, until_said, wizard
from tests.unit.vault.test_faults_together import Issuer, Line
from tests.unit.vault.test_issuer_faults import Fault
from tests.world import StoppedClock

SIZE = (120, 44)
WHY = "the night job was moved by hand"
SYSTEMS = """
[issuers.reserve]
kind = "envlist"
file = "{home}/service.env"
variable = "KEYS"

[targets.store]
kind = "command"
command = ["{home}/store"]
read_back = ["cat", "{home}/stored"]
"""
STORES = """#!/bin/sh
cd "${0%/*}" || exit 2
[ -e junk ] && { cat > /dev/null; echo '<html>It works!</html>' > stored; exit 0; }
cat > stored
[ -e lost ] && exit 1
exit 0
"""


class Place:
    """A service with an allowlist, a consumer that reads a .env file, and a store that is asked what it holds."""

    def __init__(self, site: Site) -> None:
        self.site, self.line = site, Line()
        site.write(SYSTEMS.format(home=site.home))
        site.file("store", STORES)
        site.file("stored", "")
        (site.home / "store").chmod(0o700)
        site.file("service.env", "KEYS=\n")
        listed = EnvListIssuer("reserve", site.home / "service.env", "KEYS", parse_format("tk"))
        self.issuer = Issuer(listed, line=self.line)

    def fails_next(self, *faults: Fault) -> None:
        """The issuer's next calls."""
        self.line.faults = {self.line.calls + number: fault for number, fault in enumerate(faults, 1)}

    def store(self, fault: str) -> None:
        """How the store fails from now on; "" as it should not."""
        for name in ("lost", "junk"):
            (self.site.home / name).unlink(missing_ok=True)
        if fault:
            (self.site.home / fault).touch()

    @property
    def listed(self) -> list[str]:
        return (dotenv_values(self.site.home / "service.env")["KEYS"] or "").split(",")

    def see(self) -> None:
        """The consumer is let in."""
        assert self.site.web in self.listed


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = Place(Site(tmp_path / "home"))
    monkeypatch.setenv("KEYTUI_HOME", str(place.site.home))
    return place


@pytest.fixture
def vault(profile: Profile, clock: StoppedClock, place: Place) -> LocalVault:
    return LocalVault.open(profile, clock, issuers=lambda: {"reserve": place.issuer})


@pytest.fixture
def key(vault: LocalVault, place: Place) -> Issued:
    made = vault.create(KeyDraft("orders", "production", issuer="reserve", targets=("web", "store")), "first")
    place.site.file("web.env", f"API_KEY={made.secret.reveal()}\n")
    return made


async def issues(pilot: Walk) -> None:
    await pilot.press("I")
    await confirm(pilot)


async def ends(pilot: Walk, verb: str) -> None:
    """Retire or complete, past the verdict."""
    await pilot.press(verb)
    await confirm(pilot, note=WHY, typed="orders")


async def test_it_ends_well_whatever_issuer_and_target_answer_on_the_way(
    console: Console, vault: LocalVault, key: Issued, place: Place
) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await wizard(pilot, key.key.id)
        await until_said(pilot, "✓ target 2. store", "go on to issue")
        await pilot.press("enter")
        await until_said(pilot, "The secret exists in memory only")
        place.fails_next(Fault.REFUSED)
        await issues(pilot)
        await until_said(pilot, "nobody answers")
        place.fails_next(Fault.LOST_AFTER, Fault.REFUSED)
        await issues(pilot)
        await until_said(pilot, "nobody knows whether v3 was issued", "do the same again")
        place.see()

        place.store("lost")
        await issues(pilot)
        await until(pilot, lambda: isinstance(console.screen, HandOverScreen), "the hand-over")
        await until_said(pilot, "✓ web", "? store", "unknown: it may hold v4", "✗ stopped at store")
        place.see()
        place.store("junk")
        await pilot.press("D")
        await until_said(pilot, "something else was read there right after", "✗ stopped at store")
        place.store("")
        await pilot.press("D")
        await until_said(pilot, "✓ handed over")
        place.see()
        await pilot.press("H")
        await until_said(pilot, "● 4 Watch")

        place.fails_next(Fault.LOST_AFTER)
        await ends(pilot, "T")
        await until_said(pilot, "nobody knows whether v1 was suspended")
        place.see()
        await ends(pilot, "T")
        await until_said(pilot, "● 5 Retire")
        place.fails_next(Fault.REFUSED)
        await ends(pilot, "C")
        await until_said(pilot, "nobody answers")
        await ends(pilot, "C")
        await until_said(pilot, "● 6 Proof", "rotation #1 is completed")

    place.see()
    assert place.listed == [place.site.web], "no value is let in that was issued on the way"
    assert vault.rotation(1).rotation.state is RotationState.COMPLETED
    assert [one.state for one in vault.detail(key.key.id).versions if one.state is not VersionState.REVOKED] == [
        VersionState.ACTIVE
    ]
