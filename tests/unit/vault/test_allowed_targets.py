"""The stores that an environment allows: a key is neither given another, nor rotated into one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from keytui.domain.audit import Actor
from keytui.domain.errors import Invalid, Refused
from keytui.domain.keys import KeyDraft, KeyEdit
from keytui.domain.policy import Policies, Policy
from keytui.domain.rotation import First, Plan, Reason, RotationState, Strategy
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Delivery
from keytui.vault.policies import load_policies
from keytui.vault.profile import Profile
from tests.contract.acts import request
from tests.world import NOON, StoppedClock, repeatable_randomness

CONFIG = """
[policy.production]
targets = ["hashicorp", "ci"]

[targets.store]
kind = "hashicorp"

[targets.web]
kind = "dotenv"

[targets.ci]
kind = "github"
"""


@pytest.fixture
def policies(tmp_path: Path) -> Policies:
    path = tmp_path / "config.toml"
    path.touch(0o600)
    path.write_text(CONFIG)
    return load_policies(path)


@pytest.fixture
def vault(tmp_path: Path, policies: Policies) -> Iterator[LocalVault]:
    opened = opened_with(tmp_path, policies)
    yield opened
    opened.close()


def opened_with(directory: Path, policies: Policies) -> LocalVault:
    profile = Profile("prod", directory / "vault", Actor("ada", "bastion-2"))
    return LocalVault.open(profile, StoppedClock(), repeatable_randomness(), policies)


def draft(*targets: str, environment: str = "production") -> KeyDraft:
    return KeyDraft("checkout", environment, targets=targets)


def test_a_target_is_allowed_by_its_name_or_its_kind_and_any_other_refused(vault: LocalVault) -> None:
    key = vault.create(draft("store", "ci"), request()).key
    refused = "keys of production may go to hashicorp or ci alone, and target web, of kind dotenv, is none of them"
    with pytest.raises(Refused, match=refused):
        vault.edit(key.id, KeyEdit(targets=("store", "web")))
    with pytest.raises(Refused, match=refused):
        vault.create(replace(draft("web"), name="another"), request())
    with pytest.raises(Refused, match="target unheard-of is none of them"):
        vault.create(replace(draft("unheard-of"), name="another"), request())
    vault.create(draft("web", environment="development"), request())


def test_a_rotation_into_a_store_that_is_allowed_no_longer_is_refused(tmp_path: Path, policies: Policies) -> None:
    before = opened_with(tmp_path, Policies())
    key = before.create(draft("web", "ci"), request()).key
    before.close()
    vault = opened_with(tmp_path, policies)
    plan = Plan()
    (problem,) = vault.rehearse(key.id, plan).problems
    assert "target web, of kind dotenv, is none of them: give the key another target" in problem
    with pytest.raises(Refused, match="checkout cannot be rotated"):
        vault.plan(key.id, plan, request())

    emergency = Plan(Strategy.EMERGENCY, First.REVOKE, Reason.COMPROMISE)
    rotation = vault.plan(key.id, emergency, request())
    issued = vault.issue(rotation.id)
    assert issued.rotation is not None
    assert issued.rotation.state is RotationState.ISSUED, "what is compromised is refused, whatever comes after"
    with pytest.raises(Refused, match="target web"):
        vault.deliver(rotation.id, Delivery("web", "begun", NOON, issued.version.fingerprint))
    vault.deliver(rotation.id, Delivery("ci", "begun", NOON, issued.version.fingerprint))
    vault.close()


def test_no_target_at_all_may_be_allowed_and_nonsense_is_named(tmp_path: Path) -> None:
    nowhere = Policies(environments={"production": Policy(targets=())})
    assert "may go to no target alone" in nowhere.refused_target("production", ("web",))
    assert nowhere.refused_target("production", ()) == nowhere.refused_target("staging", ("web",)) == ""
    path = tmp_path / "config.toml"
    path.touch(0o600)
    path.write_text('[policy.production]\ntargets = "hashicorp"\n')
    with pytest.raises(Invalid, match=r"\[policy.production\] targets is a list of texts"):
        load_policies(path)
