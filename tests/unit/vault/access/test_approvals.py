"""A sensitive key waits for a second operator."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from keytui.domain.access import MANAGE_SCOPE, Principal, Role
from keytui.domain.approvals import ApprovalState
from keytui.domain.audit import Actor, AuditFilter
from keytui.domain.errors import ApprovalNeeded, Forbidden, NotFound, Refused
from keytui.domain.keys import Key, KeyDraft, KeyEdit, Kind
from keytui.domain.operators import OperatorDraft
from keytui.domain.rotation import First, Plan, Reason, RotationState, Strategy
from keytui.domain.secrets import Secret
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.domain.verification import Outcome
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Found
from tests.unit.vault.access.two_tenants import TeamVault

TOKEN: Final = Secret("sg_0123456789abcdefghijklmnopqrst")


@pytest.fixture(scope="module")
def ada(team: TeamVault) -> Principal:
    return team.principal("ada", Role.SUPER_ADMIN)


@pytest.fixture(scope="module")
def bob(team: TeamVault) -> Principal:
    return team.principal("bob", Role.TENANT_ADMIN, "acme")


ACTS: Final[dict[str, Callable[[TeamVault, LocalVault, Key], object]]] = {
    "create": lambda team, vault, key: vault.create(
        KeyDraft(f"next to {key.name}", "production", tenant="acme", sensitive=True), team.request()
    ),
    "rotate": lambda team, vault, key: vault.plan(key.id, Plan(), team.request()),
    "reveal": lambda team, vault, key: vault.reveal(key.id),
    "revoke": lambda team, vault, key: vault.revoke(key.id, None, Reason.LEAVER, ""),
    "seal another value": lambda team, vault, key: vault.seal(
        KeyDraft(key.name, "production", Kind.TOKEN, tenant="acme"), TOKEN
    ),
    "seal a new one": lambda team, vault, key: vault.seal(
        KeyDraft(f"beside {key.name}", "production", Kind.TOKEN, tenant="acme", sensitive=True), TOKEN
    ),
    "import": lambda team, vault, key: vault.adopt(
        [Found(f"{key.name} {number}", "", Secret(f"sk_live_{number}_{key.id}_0123456789")) for number in (1, 2)],
        KeyDraft("", "production", tenant="acme", sensitive=True),
    ),
    "take the mark away": lambda team, vault, key: vault.edit(key.id, KeyEdit(sensitive=False)),
    "let it do anything": lambda team, vault, key: vault.edit(key.id, KeyEdit(scopes=("*",))),
    "send it elsewhere": lambda team, vault, key: vault.edit(key.id, KeyEdit(targets=("elsewhere",))),
    "let it end": lambda team, vault, key: vault.edit(key.id, KeyEdit(expires_at=team.clock() + timedelta(days=1))),
}


@pytest.mark.parametrize("act", ACTS)
def test_it_waits_then_passes_once(team: TeamVault, ada: Principal, bob: Principal, act: str) -> None:
    key = _sensitive(team, f"for {act}", kept="seal" in act or act == "reveal")
    hers, his = team.as_(ada), team.as_(bob)

    number = _waits(lambda: ACTS[act](team, hers, key))
    assert _waits(lambda: ACTS[act](team, hers, key)) == number  # asked again, it is the same request
    (waiting,) = [one for one in his.approvals() if one.id == number]
    assert (waiting.requested_by, waiting.state) == ("ada@10.0.0.7", ApprovalState.PENDING)
    assert waiting.tenant == "acme"
    assert his.standing().approvals >= 1

    assert his.approve(number, "agreed").state is ApprovalState.APPROVED
    ACTS[act](team, hers, key)

    (used,) = [one for one in his.approvals(decided=True) if one.id == number]
    assert (used.state, used.decided_by, used.note) == (ApprovalState.USED, "bob@10.0.0.7", "agreed")
    log = [entry.event.type for entry in team.owner.audit(AuditFilter(type="approval"), 0, 3).entries]
    assert log == ["approval.used", "approval.approved", "approval.requested"]


def test_an_approval_is_used_up(team: TeamVault, ada: Principal, bob: Principal) -> None:
    key = _sensitive(team, "twice", kept=True)
    hers = team.as_(ada)
    team.as_(bob).approve(_waits(lambda: hers.reveal(key.id)), "")

    assert hers.reveal(key.id) == TOKEN
    _waits(lambda: hers.reveal(key.id))


def test_it_is_good_for_what_was_asked_and_nothing_else(team: TeamVault, ada: Principal, bob: Principal) -> None:
    key = _sensitive(team, "exactly")
    hers = team.as_(ada)
    team.as_(bob).approve(_waits(lambda: hers.plan(key.id, Plan(), team.request())), "")

    replaced = Plan(Strategy.EMERGENCY, First.REVOKE, Reason.LEAVER)
    for other in (
        lambda: hers.plan(key.id, replaced, team.request()),
        lambda: hers.revoke(key.id, None, Reason.LEAVER, ""),
        lambda: team.as_(bob).plan(key.id, Plan(), team.request()),
        lambda: hers.plan(_sensitive(team, "another").id, Plan(), team.request()),
    ):
        _waits(other)

    narrow = KeyDraft("made", "production", tenant="acme", scopes=("read",), sensitive=True)
    broad = KeyDraft("made", "production", tenant="acme", scopes=("*",), sensitive=True)
    team.as_(bob).approve(_waits(lambda: hers.create(narrow, team.request())), "")
    _waits(lambda: hers.create(broad, team.request()))


def test_an_edit_is_approved_as_it_was_asked_for(team: TeamVault, ada: Principal, bob: Principal) -> None:
    key = _sensitive(team, "edited")
    hers = team.as_(ada)
    end = team.clock() + timedelta(days=9)
    named = KeyEdit(name="renamed", scopes=("read",), expires_at=end)
    number = _waits(lambda: hers.edit(key.id, named))
    (asked,) = [one for one in team.as_(bob).approvals() if one.id == number]
    assert (asked.key_name, asked.what) == ("edited", f"scopes none -> read, expires {end:%Y-%m-%d}")
    team.as_(bob).approve(number, "")

    for other in (
        KeyEdit(scopes=("*",), expires_at=end),
        KeyEdit(scopes=("read",), expires_at=team.clock() + timedelta(days=1)),
        KeyEdit(scopes=("read",), expires_at=end, sensitive=False),
    ):
        _waits(functools.partial(hers.edit, key.id, other))

    later = replace(named, expires_at=end + timedelta(minutes=1))  # as "9d" is, said again
    assert hers.edit(key.id, later).scopes == ("read",)
    again = KeyEdit(description="for the till", owner="payments", scopes=("read",), expires_at=later.expires_at)
    assert hers.edit(key.id, again).owner == "payments"  # what stays as it is waits for nobody


def test_nobody_else_receives_a_secret_that_was_agreed_to_for_one(
    team: TeamVault, ada: Principal, bob: Principal
) -> None:
    key = _sensitive(team, "for ada alone")
    hers, his = team.as_(ada), team.as_(bob)
    his.approve(_waits(lambda: hers.plan(key.id, Plan(), team.request())), "")
    rotation = hers.plan(key.id, Plan(), team.request())

    _waits(lambda: his.issue(rotation.id))
    hers.issue(rotation.id)
    number = _waits(lambda: his.reissue(rotation.id))
    assert hers.reissue(rotation.id).version.number == 3

    hers.approve(number, "he goes on with it")
    assert his.reissue(rotation.id).version.number == 4
    _waits(lambda: hers.reissue(rotation.id))


def test_an_emergency_does_not_wait(team: TeamVault, ada: Principal) -> None:
    key = _sensitive(team, "leaked")

    assert team.as_(ada).revoke(key.id, None, Reason.COMPROMISE, "on a paste site").revoked_at is not None


def test_an_emergency_rotation_revokes_at_once_and_its_new_secret_waits(
    team: TeamVault, ada: Principal, bob: Principal
) -> None:
    leaked = team.owner.create(KeyDraft("leaked too", "production", tenant="acme", sensitive=True), team.request())
    key, hers = leaked.key, team.as_(ada)
    rotation = hers.plan(key.id, Plan(Strategy.EMERGENCY, First.REVOKE, Reason.COMPROMISE), team.request())

    with pytest.raises(ApprovalNeeded, match="v1 is revoked, and to rotate it takes") as needed:
        hers.issue(rotation.id)

    assert f"keytui rotate {key.id} --resume" in needed.value.hint
    assert team.owner.check(leaked.secret, [], UNKNOWN_CALLER).reason is Outcome.REVOKED
    assert hers.rotation(rotation.id).rotation.state is RotationState.REVOKED
    assert _waits(lambda: hers.issue(rotation.id)) == needed.value.approval_id
    team.as_(bob).approve(needed.value.approval_id, "")
    new = hers.issue(rotation.id)
    assert team.owner.check(new.secret, [], UNKNOWN_CALLER).valid


@pytest.mark.parametrize(
    "plan",
    [
        Plan(Strategy.EMERGENCY, First.REPLACE, Reason.COMPROMISE),
        Plan(Strategy.EMERGENCY, First.REVOKE, Reason.LEAVER),
        Plan(Strategy.IMMEDIATE, reason=Reason.COMPROMISE),
    ],
    ids=["replaces first", "nothing leaked", "no emergency"],
)
def test_no_other_rotation_goes_before_its_approval(team: TeamVault, ada: Principal, plan: Plan) -> None:
    key = _sensitive(team, f"{plan.strategy} for {plan.reason}")
    _waits(lambda: team.as_(ada).plan(key.id, plan, team.request()))
    assert team.owner.open_rotation(key.id) is None


def test_the_owner_of_the_files_waits_for_nobody(team: TeamVault) -> None:
    assert team.owner.plan(_sensitive(team, "local").id, Plan(), team.request()).open


def test_nobody_approves_their_own(team: TeamVault, ada: Principal) -> None:
    """Not by the same token, not by a second one, and not by the token of somebody whom they made up."""
    key = _sensitive(team, "own")
    hers = team.as_(ada)
    number = _waits(lambda: hers.plan(key.id, Plan(), team.request()))

    second = team.principal("ada@laptop", Role.SUPER_ADMIN)
    made_up = hers.add_operator(OperatorDraft("puppet", Role.SUPER_ADMIN))
    puppet = team.owner.authenticate(made_up.token)
    assert puppet is not None
    of_puppet = team.owner.acting_as(puppet).add_operator(OperatorDraft("puppet2", Role.SUPER_ADMIN))
    of_its_own = team.owner.authenticate(of_puppet.token)
    assert of_its_own is not None

    for principal in (ada, second, puppet, of_its_own):
        with pytest.raises(Forbidden, match="own"):
            team.owner.acting_as(principal).approve(number, "")
    _waits(lambda: hers.plan(key.id, Plan(), team.request()))
    assert hers.deny(number, "not needed").state is ApprovalState.DENIED  # it is hers to take back


def test_only_what_one_may_answer_is_counted(tmp_path: Path) -> None:
    team = TeamVault(tmp_path / "vault")
    ada, bob = (team.principal(name, Role.TENANT_ADMIN, "acme") for name in ("ada", "bob"))
    made_up, eve = _made_by(team, ada, "puppet", "acme"), team.principal("eve", Role.STAFF, "acme")
    elsewhere = team.principal("tim", Role.TENANT_ADMIN, "globex")
    for name in ("one", "two"):
        key = _sensitive(team, name)
        _waits(functools.partial(team.as_(ada).plan, key.id, Plan(), team.request()))

    counted = {
        principal.actor.name: team.as_(principal).standing().approvals
        for principal in (ada, bob, made_up, eve, elsewhere, team.owner.principal())
    }
    assert counted == {"ada": 0, "bob": 2, "puppet": 0, "eve": 0, "tim": 0, "root": 2}
    assert len(team.as_(ada).approvals()) == 2
    team.close()


@pytest.mark.parametrize("other", ["on the host", "at another domain"])
def test_who_has_the_requesters_name_is_told_the_way_out(team: TeamVault, other: str) -> None:
    """Decision 16: an operator and a user of the host of one name are one person."""
    asks = team.principal(f"kim@{other.replace(' ', '-')}", Role.TENANT_ADMIN, "acme")
    names_alike = (
        Principal(Actor("kim", "bastion-2"), Role.LOCAL)
        if other == "on the host"
        else team.principal("kim@example.com", Role.TENANT_ADMIN, "acme")
    )
    number = _waits(lambda: team.as_(asks).plan(_sensitive(team, f"kim's {other}").id, Plan(), team.request()))

    with pytest.raises(Forbidden, match="is your own") as refused:
        team.owner.acting_as(names_alike).approve(number, "")

    assert "two people need two names" in refused.value.hint
    assert "keytui operators add" in refused.value.hint


def test_nobody_has_two_of_theirs_agree(team: TeamVault) -> None:
    """Whoever made the requester's token, or both, is one person on both sides; a tenant's session sees no makers."""
    sue = team.principal("sue", Role.SUPER_ADMIN)
    key = _sensitive(team, "agreed among puppets")
    asks = _made_by(team, sue, "asks", "acme")
    answers = _made_by(team, sue, "answers", "acme")
    further = _made_by(team, answers, "further", "acme")

    number = _waits(lambda: team.as_(asks).plan(key.id, Plan(), team.request()))
    for principal in (sue, answers, further):
        with pytest.raises(Forbidden, match="own"):
            team.as_(principal).approve(number, "")
    of_theirs = _waits(lambda: team.as_(further).plan(key.id, Plan(), team.request()))
    with pytest.raises(Forbidden, match="own"):
        team.as_(asks).approve(of_theirs, "")


def test_operators_whom_the_vaults_owner_made_approve_for_each_other(team: TeamVault) -> None:
    """Also where somebody has the requester's name in another tenant, made by whoever answers here."""
    tim = team.principal("tim", Role.TENANT_ADMIN, "acme")
    una = team.principal("una", Role.SUPER_ADMIN)
    _made_by(team, una, "tim", "globex")
    key = _sensitive(team, "agreed by strangers")

    number = _waits(lambda: team.as_(tim).plan(key.id, Plan(), team.request()))

    assert team.as_(una).approve(number, "").state is ApprovalState.APPROVED
    assert team.as_(tim).plan(key.id, Plan(), team.request()).open


def test_an_api_key_neither_asks_nor_answers(team: TeamVault, ada: Principal) -> None:
    """Whoever made it could hold it, and would be asked to approve."""
    managing = team.owner.create(KeyDraft("robot", "production", tenant="acme", scopes=(MANAGE_SCOPE,)), team.request())
    robot = team.owner.authenticate(managing.secret, "10.0.0.9")
    assert robot is not None
    assert (robot.role, robot.tenant) == (Role.KEY, "acme")
    vault = team.owner.acting_as(robot)
    key = _sensitive(team, "by a robot")
    number = _waits(lambda: team.as_(ada).plan(key.id, Plan(), team.request()))
    before = team.owner.approvals()

    for act in ("create", "rotate", "revoke", "import", "take the mark away", "send it elsewhere"):
        with pytest.raises(Forbidden, match="an API key is none"):
            ACTS[act](team, vault, key)
    with pytest.raises(Forbidden):
        vault.approve(number, "")

    assert team.owner.approvals() == before
    assert vault.revoke(key.id, None, Reason.COMPROMISE, "").revoked_at is not None  # an emergency waits for nobody


def test_a_denied_request_stays_denied_and_another_can_be_made(team: TeamVault, ada: Principal, bob: Principal) -> None:
    key = _sensitive(team, "denied")
    hers, his = team.as_(ada), team.as_(bob)
    number = _waits(lambda: hers.plan(key.id, Plan(), team.request()))
    his.deny(number, "not today")

    for decide in (his.approve, his.deny):
        with pytest.raises(Refused, match="denied already, by bob"):
            decide(number, "")
    assert _waits(lambda: hers.plan(key.id, Plan(), team.request())) != number


def test_requests_and_approvals_expire(tmp_path: Path) -> None:
    team = TeamVault(tmp_path / "vault")
    ada, bob = team.principal("ada", Role.SUPER_ADMIN), team.principal("bob", Role.TENANT_ADMIN, "acme")
    asked, agreed = _sensitive(team, "asked"), _sensitive(team, "agreed")
    hers, his = team.as_(ada), team.as_(bob)
    first = _waits(lambda: hers.plan(asked.id, Plan(), team.request()))
    second = _waits(lambda: hers.plan(agreed.id, Plan(), team.request()))
    his.approve(second, "")

    team.clock.advance(timedelta(hours=24))

    assert his.approvals() == ()
    assert his.standing().approvals == 0
    assert {one.state for one in his.approvals(decided=True)} == {ApprovalState.EXPIRED}
    with pytest.raises(Refused, match="expired"):
        his.approve(first, "")
    assert _waits(lambda: hers.plan(agreed.id, Plan(), team.request())) != second
    team.close()


def test_what_a_clock_a_year_ahead_agreed_to_is_not_good_for_the_year(tmp_path: Path) -> None:
    team = TeamVault(tmp_path / "vault")
    ada, bob = team.principal("ada", Role.SUPER_ADMIN), team.principal("bob", Role.TENANT_ADMIN, "acme")
    asked, agreed = _sensitive(team, "asked"), _sensitive(team, "agreed")
    hers, his = team.as_(ada), team.as_(bob)
    team.clock.advance(timedelta(days=365))
    first = _waits(lambda: hers.plan(asked.id, Plan(), team.request()))
    second = _waits(lambda: hers.plan(agreed.id, Plan(), team.request()))
    his.approve(second, "")

    team.clock.advance(timedelta(days=-365))

    assert (his.approvals(), his.standing().approvals) == ((), 0)
    with pytest.raises(Refused, match="expired"):
        his.approve(first, "")
    assert _waits(lambda: hers.plan(agreed.id, Plan(), team.request())) != second
    team.close()


@pytest.mark.parametrize("met", ["by a look", "by who asks again"])
def test_what_a_clock_a_year_ahead_agreed_to_does_not_come_back_with_that_time(tmp_path: Path, met: str) -> None:
    team = TeamVault(tmp_path / "vault")
    ada, bob = team.principal("ada", Role.SUPER_ADMIN), team.principal("bob", Role.TENANT_ADMIN, "acme")
    asked, agreed = _sensitive(team, "asked"), _sensitive(team, "agreed")
    hers, his = team.as_(ada), team.as_(bob)
    team.owner.tend()
    team.clock.advance(timedelta(days=365))
    first = _waits(lambda: hers.plan(asked.id, Plan(), team.request()))
    second = _waits(lambda: hers.plan(agreed.id, Plan(), team.request()))
    his.approve(second, "")

    team.clock.advance(timedelta(hours=1, days=-365))
    if met == "by a look":
        team.owner.tend()
    else:
        _waits(lambda: hers.plan(agreed.id, Plan(), team.request()))
    team.clock.advance(timedelta(days=365))

    assert {one.state for one in his.approvals(decided=True)} == {ApprovalState.EXPIRED}
    with pytest.raises(Refused, match="expired"):
        his.approve(first, "")
    assert _waits(lambda: hers.plan(agreed.id, Plan(), team.request())) != second
    team.close()


def test_a_look_by_a_clock_that_is_behind_ends_no_approval(tmp_path: Path) -> None:
    team = TeamVault(tmp_path / "vault")
    ada, bob = team.principal("ada", Role.SUPER_ADMIN), team.principal("bob", Role.TENANT_ADMIN, "acme")
    key, hers = _sensitive(team, "agreed"), team.as_(ada)
    team.owner.tend()
    team.as_(bob).approve(_waits(lambda: hers.plan(key.id, Plan(), team.request())), "")
    for years in (-3, 3):
        team.clock.advance(timedelta(days=365 * years))
        team.owner.tend()
    assert hers.plan(key.id, Plan(), team.request()).open
    team.close()


@pytest.mark.parametrize("number", [0, -1, 404, 2**70])
def test_what_was_never_asked_cannot_be_approved(team: TeamVault, bob: Principal, number: int) -> None:
    with pytest.raises(NotFound, match="no request for approval"):
        team.as_(bob).approve(number, "")


def test_what_stands_in_the_way_is_told_before_anybody_is_asked(team: TeamVault, ada: Principal) -> None:
    key = _sensitive(team, "rotating")
    team.owner.plan(key.id, Plan(), team.request())
    before = len(team.owner.approvals())

    with pytest.raises(Refused, match="open rotation already"):
        team.as_(ada).plan(key.id, Plan(), team.request())

    assert len(team.owner.approvals()) == before


def _made_by(team: TeamVault, maker: Principal, name: str, tenant: str) -> Principal:
    made = team.as_(maker).add_operator(OperatorDraft(name, Role.TENANT_ADMIN, tenant))
    principal = team.owner.authenticate(made.token)
    assert principal is not None
    return principal


def _sensitive(team: TeamVault, name: str, *, kept: bool = False) -> Key:
    if not kept:
        draft = KeyDraft(name, "production", tenant="acme", sensitive=True)
        return team.owner.create(draft, team.request()).key
    draft = KeyDraft(name, "production", Kind.TOKEN, tenant="acme", sensitive=True)
    return team.owner.seal(draft, TOKEN)


def _waits(act: Callable[[], object]) -> int:
    """The number of the request that the act waits for."""
    with pytest.raises(ApprovalNeeded) as needed:
        act()
    return needed.value.approval_id
