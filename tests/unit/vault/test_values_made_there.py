"""Keys of a platform that makes their values itself: what is lost there is found there, or said to be lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pytest

from keytui.connectors import build_connectors
from keytui.domain.errors import Refused
from keytui.domain.keys import Key
from keytui.domain.policy import Policies
from keytui.domain.references import Reference
from keytui.domain.rotation import First, Plan, Reason, Strategy
from keytui.domain.secrets import Secret
from keytui.issuers.rest.configuration import preset
from keytui.issuers.rest.issuer import RestIssuer
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.doubles.faults import Faulty
from tests.doubles.reserve import ADMIN_KEY, Reserve
from tests.doubles.served import Stage
from tests.world import StoppedClock, repeatable_randomness

STANDING = Secret("tk_j1yCOormdRAZnqGyjsmZhLs161mf9eL4")
WAYS = [
    Plan(),
    Plan(Strategy.IMMEDIATE),
    Plan(Strategy.EMERGENCY, First.REVOKE, Reason.COMPROMISE),
    Plan(Strategy.EMERGENCY, First.REPLACE, Reason.COMPROMISE),
]


@dataclass
class There:
    """The platform, the line to it, and a vault that has it as its issuer."""

    platform: Reserve
    line: Faulty
    issuer: RestIssuer
    vault: LocalVault

    def brought_in(self, **changes: object) -> Key:
        """A key that was made there by hand."""
        self.platform.keys[self.platform.add("checkout", STANDING.reveal(), ["default"])].update(changes)
        (key,) = (key for key in self.vault.sync("platform").added if key.name == "checkout")
        return key


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


def a_vault(stage: Stage, profile: Profile, *without: str) -> There:
    """The description has none of these calls."""
    platform = Reserve()
    line = Faulty(platform)

    def resolve(_reference: Reference) -> Secret:
        return Secret(ADMIN_KEY)

    shown = {name: value for name, value in preset("reserve-admin").items() if name not in without}
    entry = {**shown, "kind": "rest", "url": stage.serve(line), "credential": "env:KEY", "timeout": "1s"}
    issuers: Mapping[str, RestIssuer] = build_connectors("issuers", "config.toml", {"platform": entry}, resolve)
    return There(platform, line, issuers["platform"], opened(profile, issuers["platform"]))


def opened(profile: Profile, issuer: RestIssuer) -> LocalVault:
    return LocalVault.open(
        profile, StoppedClock(), repeatable_randomness(), Policies(), issuers=lambda: {"platform": issuer}
    )


@pytest.mark.parametrize("plan", WAYS, ids=lambda plan: f"{plan.strategy} {plan.first or ''}".strip())
def test_a_disabled_key_is_not_rotated_where_its_new_version_could_not_be_refused(
    stage: Stage, profile: Profile, plan: Plan
) -> None:
    """Each try would leave another live version there, and then be refused."""
    there = a_vault(stage, profile, "suspend", "restore")
    key = there.brought_in(isActive=False)
    (problem,) = there.vault.rehearse(key.id, plan).problems
    assert "would let its new version in, which it cannot suspend: make another key, and revoke this one" in problem
    with pytest.raises(Refused, match="cannot suspend"):
        there.vault.plan(key.id, plan, "one")
    there.vault.revoke(key.id, None, Reason.LEAVER, "")
    there.vault.close()


def test_what_was_disabled_after_the_plan_is_not_issued(stage: Stage, profile: Profile) -> None:
    there = a_vault(stage, profile)
    key = there.brought_in()
    rotation = there.vault.plan(key.id, Plan(), "one")
    there.vault.disable(key.id, "")
    there.vault.close()
    suspending_no_more = replace(there.issuer.description, suspend=None)
    vault = opened(profile, replace(there.issuer, description=suspending_no_more))
    before = there.platform.stored()
    with pytest.raises(Refused, match="cannot suspend"):
        vault.issue(rotation.id)
    assert there.platform.stored() == before
    vault.close()
