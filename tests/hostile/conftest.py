"""A vault that has one of everything, to copy; who asks it is answered in hostile words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest

from keytui.domain.access import Principal, Role
from keytui.domain.audit import Actor
from keytui.domain.errors import ApprovalNeeded
from keytui.domain.incidents import IncidentDraft
from keytui.domain.keys import KeyDraft, Kind
from keytui.domain.operators import OperatorDraft
from keytui.domain.query import Query, Sort
from keytui.domain.rotation import Plan
from keytui.domain.secrets import Secret
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.saved_filters import FILE_NAME
from tests.contract.acts import created, handed_over, request
from tests.hostile.texts import WHOLE
from tests.tui.conftest import seed
from tests.tui.parsed_once import styles_parsed_once
from tests.world import StoppedClock, repeatable_randomness

PASSPHRASE = "a passphrase for tests only"
OLD = "rotating"
ROTATING = ("planned", "issued", "overlapping", "suspended", "completed")


@dataclass(frozen=True, slots=True)
class Planted:
    """A closed vault, the time that it was seeded up to, and what is in it by name."""

    directory: Path
    now: datetime
    keys: dict[str, str]
    rotations: dict[str, int]
    """By their state; the key of each has its name."""
    incident: int
    approval: int
    secret: str
    """That the version in use of the key `planned` has."""

    def copied(self, home: Path) -> Profile:
        """The default profile of a home, with a vault that is like this one."""
        profile = profile_in(home)
        copytree(self.directory, profile.directory)
        return profile


def profile_in(home: Path) -> Profile:
    """The default profile of a home."""
    return Profile("default", home / "default", Actor("ada", "bastion-2"))


@pytest.fixture(scope="session", autouse=True)
def _styles_parsed_once() -> Iterator[None]:
    with styles_parsed_once():
        yield


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """The fleet of the console's tests, a rotation in each state, an incident, an approval, a sealed value."""
    profile, clock = profile_in(tmp_path_factory.mktemp("hostile")), StoppedClock()
    vault = LocalVault.open(profile, clock=clock, randomness=repeatable_randomness())
    feed = LocalFeed.open(profile)
    seed(vault, feed, clock)
    feed.close()
    issued = {name: created(vault, name, owner="payments", apps=("web",)) for name in ROTATING}
    rotations = {name: _rotated(vault, issued[name].key.id, name) for name in ROTATING}
    vault.set_passphrase(Secret(PASSPHRASE))
    vault.seal(KeyDraft("stripe", "production", kind=Kind.TOKEN, owner="payments"), Secret("sk_live_" + "x7" * 20))
    vault.add_operator(OperatorDraft("grace", Role.SUPER_ADMIN))
    incident = vault.open_incident(IncidentDraft("leaked", (vault.find("checkout-api").id,))).id
    guarded = created(vault, "guarded", sensitive=True).key.id
    with pytest.raises(ApprovalNeeded) as refused:
        vault.acting_as(Principal(Actor("bob", "10.0.0.7"), Role.SUPER_ADMIN, operator_id="bob")).plan(
            guarded, Plan(), request()
        )
    clock.advance(timedelta(hours=1))
    vault.tend()
    keys = {row.key.name: row.key.id for row in vault.page(Query(), Sort(), 0, 100).rows}
    vault.close()
    (profile.directory / FILE_NAME).write_text(json.dumps({"keys": {WHOLE: WHOLE}, "audit": {WHOLE: WHOLE}}))
    secret = issued["planned"].secret.reveal()
    return Planted(profile.directory, clock(), keys, rotations, incident, refused.value.approval_id, secret)


def _rotated(vault: LocalVault, key_id: str, until: str) -> int:
    if until in ("planned", "issued"):
        rotation = vault.plan(key_id, Plan(label="spring"), request()).id
        if until == "issued":
            vault.issue(rotation)
        return rotation
    rotation = handed_over(vault, key_id)[0].id
    vault.leave_note(rotation, "ask Grace")
    if until != "overlapping":
        vault.retire(rotation, "by hand")
    if until == "completed":
        vault.complete(rotation, "by hand")
    return rotation
