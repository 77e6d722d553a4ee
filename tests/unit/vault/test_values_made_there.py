"""Keys of a platform that makes their values itself: what is lost there is found there, or said to be lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import NoReturn

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import AlreadyDone, OutcomeUnknown, Refused
from keytui.domain.keys import Key, KeyDraft
from keytui.domain.rotation import First, Plan, Reason, RotationState, Strategy
from keytui.issuers.rest.configuration import preset
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.doubles.faults import Fault
from tests.doubles.served import Stage
from tests.unit.vault.made_there import STANDING, There, a_vault, killed, opened, without

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
        way_out = "choose the strategy immediate" if plan.first is None else "revoke first"
        assert all(problem.endswith(f": {way_out}") for problem in problems)
    with pytest.raises(Refused, match="choose the strategy immediate"):
        there.vault.plan(key.id, Plan(), "two")
    assert there.platform.stored() == before
    rotation = there.vault.plan(key.id, Plan(Strategy.IMMEDIATE), "three")
    issued = there.vault.issue(rotation.id)
    assert there.platform.accepts(issued.secret.reveal())
    assert there.vault.prove(rotation.id, issued.secret).state is RotationState.COMPLETED
    there.vault.close()


def ended(vault: LocalVault, key: Key) -> list[tuple[int | None, str]]:
    """The versions that are over by the log, oldest first, each with why."""
    entries = vault.audit(AuditFilter(key_id=key.id), 0, 100).entries
    over = [entry.event for entry in reversed(entries) if entry.event.type == "version.revoked"]
    return [(event.version, event.details["why"]) for event in over]


def let_in(there: There) -> set[str]:
    """What the platform calls the keys that it accepts, its operator's own apart."""
    return {str(key["name"]) for key in there.platform.keys.values() if key["isActive"]} - {"Development Console"}


@pytest.mark.parametrize("at", ["_made", "_as_listed"])
def test_what_was_made_for_a_process_that_was_killed_is_found_by_its_tag_and_revoked(
    stage: Stage, profile: Profile, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    there = a_vault(stage, profile, without())
    key = there.brought_in()
    rotation = there.vault.plan(key.id, Plan(), "one")
    killed(monkeypatch, at, lambda: there.vault.issue(rotation.id))
    assert len(let_in(there)) == 2
    issued = there.vault.issue(rotation.id)
    assert len(let_in(there)) == 2
    assert there.platform.accepts(STANDING.reveal())
    assert there.platform.accepts(issued.secret.reveal())
    assert ended(there.vault, key) == [(2, "never handed over")]
    killed(monkeypatch, at, lambda: there.vault.reissue(rotation.id))
    there.vault.abandon(rotation.id, "")
    assert let_in(there) == {"checkout"}
    there.vault.close()


def test_the_log_does_not_say_that_something_was_ended_which_was_not_there(stage: Stage, profile: Profile) -> None:
    there = a_vault(stage, profile, without())
    key = there.brought_in()
    rotation = there.vault.plan(key.id, Plan(), "one")
    there.line.strike("POST", Fault.BUSY)
    there.line.strike_after("GET", Fault.BUSY, passing=1)
    with pytest.raises(OutcomeUnknown):
        there.vault.issue(rotation.id)
    there.vault.issue(rotation.id)
    assert ended(there.vault, key) == [(2, "never handed over, and not found there")]
    there.vault.close()


def test_what_no_tag_names_is_said_to_be_left_there(
    stage: Stage, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = preset("reserve-admin")["create"]
    assert isinstance(create, dict)
    there = a_vault(stage, profile, {**without(), "create": {**create, "label": "{name}"}})
    key = there.brought_in()
    rotation = there.vault.plan(key.id, Plan(), "one")
    killed(monkeypatch, "_made", lambda: there.vault.issue(rotation.id))
    there.vault.issue(rotation.id)
    assert ended(there.vault, key) == [(2, "never handed over, and nothing names it there")]
    there.vault.close()


def test_what_was_made_by_a_lost_creation_is_revoked_as_the_key_is_rotated(
    stage: Stage, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = a_vault(stage, profile, without())
    draft = KeyDraft("orders", "production", owner="shop", issuer="platform")
    killed(monkeypatch, "_made", lambda: there.vault.create(draft, "one"))
    (lost,) = let_in(there)
    rotation = there.vault.plan(there.vault.find("orders").id, Plan(Strategy.IMMEDIATE), "two")
    issued = there.vault.issue(rotation.id)
    assert lost not in let_in(there)
    assert there.platform.accepts(issued.secret.reveal())
    there.vault.close()


@pytest.mark.parametrize("creating", [True, False], ids=["created", "rotated"])
def test_what_the_vault_cannot_take_in_is_revoked_there(
    stage: Stage, profile: Profile, monkeypatch: pytest.MonkeyPatch, creating: bool
) -> None:
    there = a_vault(stage, profile, without())
    key = there.brought_in()
    rotation = there.vault.plan(key.id, Plan(), "one")

    def full(*_: object) -> NoReturn:
        raise Refused("the disk is full", "make room")

    draft = KeyDraft("orders", "production", owner="shop", issuer="platform")
    act = partial(there.vault.create, draft, "two") if creating else partial(there.vault.issue, rotation.id)
    with monkeypatch.context() as patched:
        patched.setattr(f"keytui.vault.local.{'keys.creating' if creating else 'issuing.asking'}.know_value", full)
        with pytest.raises(Refused, match="the disk is full"):
            act()
    assert let_in(there) == {"checkout"}
    there.vault.close()


def test_what_could_be_enabled_there_again_is_not_called_revoked(stage: Stage, profile: Profile) -> None:
    """Revoking is two calls there. Where the first fails the key is off, and its value stands there still."""
    there = a_vault(stage, profile, without())
    key = there.brought_in()
    there.line.strike("POST", Fault.BUSY)
    with pytest.raises(OutcomeUnknown, match="can be made to accept it again there"):
        there.vault.revoke(key.id, None, Reason.COMPROMISE, "")
    assert let_in(there) == set()
    assert there.vault.detail(key.id).summary.key.revoked_at is None
    there.vault.revoke(key.id, None, Reason.COMPROMISE, "")
    assert there.vault.detail(key.id).summary.key.revoked_at is not None
    for row in there.platform.keys.values():
        row["isActive"] = True
    assert not there.platform.accepts(STANDING.reveal())
    there.vault.close()
