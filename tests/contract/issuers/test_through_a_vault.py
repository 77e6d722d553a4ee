"""A key's whole life through the vault, at every kind of issuer: what the vault says is what the system does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pytest

from keytui.domain.audit import Actor, AuditFilter
from keytui.domain.errors import Refused
from keytui.domain.keys import Key, KeyDraft
from keytui.domain.policy import Policies
from keytui.domain.rotation import First, Plan, Reason, Rotation, RotationState, Strategy, Verb, allowed
from keytui.domain.secrets import Secret
from keytui.issuers.issuer import Issuer
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Delivery, Issued
from keytui.vault.profile import Profile
from tests.contract.issuers.case import Case
from tests.world import NOON, StoppedClock, repeatable_randomness

ANYWAY = "a test goes past the verdict"


@dataclass
class Life:
    """One key that another system accepts, in a vault, and every secret that it ever had."""

    case: Case
    vault: LocalVault
    key: Key
    secrets: dict[int, Secret] = field(default_factory=dict)
    """By the number of the version."""

    def begun(self, plan: Plan = Plan()) -> tuple[Rotation, Issued]:  # noqa: B008  # frozen
        rotation = self.vault.plan(self.key.id, plan, f"plan-{len(self.secrets)}")
        return rotation, self.noted(self.vault.issue(rotation.id))

    def noted(self, issued: Issued) -> Issued:
        self.secrets[issued.version.number] = issued.secret
        return issued

    def handed_over(self, rotation: Rotation, issued: Issued) -> Rotation:
        return self.vault.handed_over(rotation.id, Delivery("stdout", "sent", NOON, issued.version.fingerprint))

    def accepted(self) -> list[int]:
        """The versions that the system lets in; the vault says the same of each."""
        there = [number for number, secret in self.secrets.items() if self.case.accepts(secret)]
        detail = self.vault.detail(self.key.id)
        assert there == sorted(v.number for v in detail.versions if detail.summary.key.accepts(v, NOON))
        return there


@pytest.fixture
def life(case: Case, tmp_path: Path) -> Iterator[Life]:
    with_issuer: Mapping[str, Issuer] = MappingProxyType({case.issuer.name: case.issuer})
    profile = Profile("prod", tmp_path / "ours", Actor("ada", "bastion-2"))
    vault = LocalVault.open(profile, StoppedClock(), repeatable_randomness(), Policies(), issuers=lambda: with_issuer)
    if case.issuer.abilities.overlaps:
        issued = vault.create(KeyDraft("orders", "production", owner="shop", issuer=case.issuer.name), "one")
        yield Life(case, vault, issued.key, {1: issued.secret})
    else:  # it makes no key, so one comes in that was made there by hand
        vault.sync(case.issuer.name)
        yield Life(case, vault, vault.find("checkout"), {1: case.standing})
    vault.close()


def one_at_a_time(life: Life) -> bool:
    return not life.case.issuer.abilities.overlaps


def test_forward(life: Life) -> None:
    """What is created is accepted there; both versions during the overlap; then the new one alone."""
    assert life.accepted() == [1]
    if one_at_a_time(life):
        with pytest.raises(Refused, match="accepts one version at a time"):
            life.vault.plan(life.key.id, Plan(), "rolling")
        return
    rotation, issued = life.begun()
    assert life.accepted() == [1, 2]
    rotation = life.handed_over(rotation, issued)
    if Verb.RETIRE in allowed(rotation):
        life.vault.retire(rotation.id, ANYWAY)
        assert life.accepted() == [2]
        life.vault.restore(rotation.id)
        assert life.accepted() == [1, 2]
        life.vault.retire(rotation.id, ANYWAY)
    else:  # it cannot suspend, and revokes at once, on the same verdict
        with pytest.raises(Refused, match="cannot suspend"):
            life.vault.retire(rotation.id, ANYWAY)
        with pytest.raises(Refused, match="UNKNOWN"):
            life.vault.complete(rotation.id)
        assert life.accepted() == [1, 2]
    assert life.vault.complete(rotation.id, ANYWAY).state is RotationState.COMPLETED
    assert life.accepted() == [2]
    entries = life.vault.audit(AuditFilter(key_id=life.key.id), 0, 100).entries
    assert entries[-1].event.type == "issuer.asked", "intent comes before everything"
    assert not any(secret.reveal() in repr(entries) for secret in life.secrets.values())


def test_back(life: Life) -> None:
    """Issued again, abandoned, rolled back: what reached nobody, or must not be used, is refused there."""
    if one_at_a_time(life):
        pytest.skip("there is no way back")
    rotation, _ = life.begun()
    life.noted(life.vault.reissue(rotation.id))
    assert life.accepted() == [1, 3]
    life.vault.abandon(rotation.id, "")
    assert life.accepted() == [1]
    rotation, issued = life.begun()
    rotation = life.handed_over(rotation, issued)
    if Verb.RETIRE in allowed(rotation):
        life.vault.retire(rotation.id, ANYWAY)
    life.vault.rollback(rotation.id, "it does not work")
    assert life.accepted() == [1]


def test_at_once(life: Life) -> None:
    """Strategies that do not wait, one after the other. A secret that is lost before its hand-over is issued again."""
    rotation, issued = life.begun(Plan(Strategy.IMMEDIATE))
    assert life.accepted() == [2]
    issued = life.noted(life.vault.reissue(rotation.id))
    assert life.accepted() == [3]
    assert life.handed_over(rotation, issued).state is RotationState.COMPLETED
    if one_at_a_time(life):
        return
    rotation, issued = life.begun(Plan(Strategy.EMERGENCY, First.REVOKE, Reason.COMPROMISE))
    assert life.accepted() == [4]
    assert life.handed_over(rotation, issued).state is RotationState.COMPLETED
    rotation, issued = life.begun(Plan(Strategy.EMERGENCY, First.REPLACE, Reason.LEAVER))
    life.handed_over(rotation, issued)
    assert life.accepted() == [4, 5]
    life.vault.complete(rotation.id, ANYWAY)
    assert life.accepted() == [5]


def test_the_whole_key(life: Life) -> None:
    """Disabled, rotated meanwhile, enabled, revoked."""
    if life.case.issuer.abilities.suspends:
        life.vault.disable(life.key.id, "")
        assert life.accepted() == []
        rotation, issued = life.begun()
        assert life.accepted() == [], "a disabled key stays disabled through a rotation"
        life.handed_over(rotation, issued)
        life.vault.enable(life.key.id, "")
        assert life.accepted() == [1, 2]
    else:
        with pytest.raises(Refused, match="cannot refuse a key"):
            life.vault.disable(life.key.id, "")
        assert life.accepted() == [1]
    life.vault.revoke(life.key.id, None, Reason.COMPROMISE, "")
    assert life.accepted() == []
