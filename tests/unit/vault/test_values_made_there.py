"""Keys of a platform that makes their values itself: what is lost there is found there, or said to be lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

import pytest

from keytui.connectors import build_connectors
from keytui.domain.errors import AlreadyDone, Refused
from keytui.domain.keys import Key, KeyDraft
from keytui.domain.policy import Policies
from keytui.domain.references import Reference
from keytui.domain.rotation import First, Plan, Reason, RotationState, Strategy
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


def test_after_a_lost_creation_the_hint_leads_on(
    stage: Stage, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was never let in cannot be let in again: a rotation that keeps it would issue one version after another."""
    there = a_vault(stage, profile)
    draft = KeyDraft("orders", "production", owner="shop", issuer="platform")
    lost(there, monkeypatch, lambda: there.vault.create(draft, "one"))
    with pytest.raises(AlreadyDone) as repeated:
        there.vault.create(draft, "one")
    key = there.vault.find("orders")
    assert f"`keytui rotate {key.id} --strategy immediate` issues another" in repeated.value.hint
    before = there.platform.stored()
    for plan in WAYS:
        problems = there.vault.rehearse(key.id, plan).problems
        assert bool(problems) is (plan.strategy is Strategy.ROLLING or plan.first is First.REPLACE)
        assert all("choose the strategy immediate" in problem for problem in problems)
    with pytest.raises(Refused, match="choose the strategy immediate"):
        there.vault.plan(key.id, Plan(), "two")
    assert there.platform.stored() == before
    rotation = there.vault.plan(key.id, Plan(Strategy.IMMEDIATE), "three")
    issued = there.vault.issue(rotation.id)
    assert there.platform.accepts(issued.secret.reveal())
    assert there.vault.prove(rotation.id, issued.secret).state is RotationState.COMPLETED
    there.vault.close()


class Died(BaseException):
    """The process is gone before it has read the answer."""


def lost(there: There, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """The platform has made a key, and the process that asked for it was killed."""
    made = len(there.platform.keys)
    with monkeypatch.context() as patched:
        patched.setattr(RestIssuer, "_made", died)
        with pytest.raises(Died):
            act()
    assert len(there.platform.keys) == made + 1


def died(*_answer: object) -> NoReturn:
    raise Died
