"""Keys of a platform that makes their values itself: what is lost there is found there, or said to be lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from keytui.domain.errors import AlreadyDone, Refused
from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import First, Plan, Reason, RotationState, Strategy
from keytui.vault.profile import Profile
from tests.doubles.served import Stage
from tests.unit.vault.made_there import a_vault, killed, opened, without

WAYS = [
    Plan(),
    Plan(Strategy.IMMEDIATE),
    Plan(Strategy.EMERGENCY, First.REVOKE, Reason.COMPROMISE),
    Plan(Strategy.EMERGENCY, First.REPLACE, Reason.COMPROMISE),
]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


@pytest.mark.parametrize("plan", WAYS, ids=lambda plan: f"{plan.strategy} {plan.first or ''}".strip())
def test_a_disabled_key_is_not_rotated_where_its_new_version_could_not_be_refused(
    stage: Stage, profile: Profile, plan: Plan
) -> None:
    """Each try would leave another live version there, and then be refused."""
    there = a_vault(stage, profile, without("suspend", "restore"))
    key = there.brought_in(isActive=False)
    (problem,) = there.vault.rehearse(key.id, plan).problems
    assert "would let its new version in, which it cannot suspend: make another key, and revoke this one" in problem
    with pytest.raises(Refused, match="cannot suspend"):
        there.vault.plan(key.id, plan, "one")
    there.vault.revoke(key.id, None, Reason.LEAVER, "")
    there.vault.close()


def test_what_was_disabled_after_the_plan_is_not_issued(stage: Stage, profile: Profile) -> None:
    there = a_vault(stage, profile, without())
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
    there = a_vault(stage, profile, without())
    draft = KeyDraft("orders", "production", owner="shop", issuer="platform")
    killed(monkeypatch, "_made", lambda: there.vault.create(draft, "one"))
    assert any("orders" in str(made["name"]) for made in there.platform.keys.values())
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
