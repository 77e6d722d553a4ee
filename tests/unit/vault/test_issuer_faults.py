"""An issuer that fails at any call, in any way: what is begun completes or goes back, and no live secret is unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from pathlib import Path
from typing import TypeVar

import pytest
from dotenv import dotenv_values

from keytui.domain.access import Principal, Role
from keytui.domain.alerts import AlertKind
from keytui.domain.approvals import ApprovalState
from keytui.domain.audit import Actor
from keytui.domain.drift import Drift
from keytui.domain.errors import ApprovalNeeded, IssuerAway, KeytuiError, OutcomeUnknown, Refused, Unreachable
from keytui.domain.keys import ACCEPTED, Key, KeyDraft, VersionState
from keytui.domain.policy import Policies
from keytui.domain.rotation import First, Plan, Reason, Rotation, RotationState, Strategy, Verb, allowed
from keytui.domain.secrets import Randomness, Secret, parse_format
from keytui.issuers.envlist import EnvListIssuer
from keytui.issuers.issuer import Abilities, Listed, Mark, NewVersion
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Delivery
from keytui.vault.profile import Profile
from tests.world import NOON, StoppedClock, repeatable_randomness

Done = TypeVar("Done")
ANYWAY = "a test goes past the verdict"


class Died(BaseException):
    """The process is gone in the middle of a call."""


class Fault(Enum):
    """What becomes of one call."""

    REFUSED = auto()
    LOST_BEFORE = auto()
    LOST_AFTER = auto()
    DIED_BEFORE = auto()
    DIED_AFTER = auto()


@dataclass
class Faulty:
    """An issuer whose n-th change fails."""

    inner: EnvListIssuer
    at: int = 0
    fault: Fault = Fault.REFUSED
    calls: int = 0
    minted: list[Secret] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def abilities(self) -> Abilities:
        return self.inner.abilities

    def rehearse(self) -> tuple[str, ...]:
        return self.inner.rehearse()

    def versions(self) -> Iterator[Listed]:
        return self.inner.versions()

    def look_up(self, mark: Mark) -> Listed | None:
        return self.inner.look_up(mark)

    def fallbacks(self, mark: Mark) -> tuple[str, ...]:
        return self.inner.fallbacks(mark)

    def new_value(self, randomness: Randomness) -> Secret:
        self.minted.append(self.inner.new_value(randomness))
        return self.minted[-1]

    def issue(self, key: Key, value: Secret | None, like: Mark | None) -> NewVersion:
        return self._tried(lambda: self.inner.issue(key, value, like))

    def suspend(self, mark: Mark) -> None:
        self._tried(lambda: self.inner.suspend(mark))

    def restore(self, mark: Mark) -> None:
        self._tried(lambda: self.inner.restore(mark))

    def revoke(self, mark: Mark) -> None:
        self._tried(lambda: self.inner.revoke(mark))

    def _tried(self, act: Callable[[], Done]) -> Done:
        """From the n-th change on all fail alike, as they do on a line that is cut."""
        self.calls += 1
        return tried(act, self.fault if self.at and self.calls >= self.at else None)


def tried(act: Callable[[], Done], fault: Fault | None) -> Done:
    if fault is Fault.REFUSED:
        raise Unreachable("nobody answers", "try again")
    if fault is Fault.LOST_BEFORE:
        raise OutcomeUnknown("the line dropped")
    if fault is Fault.DIED_BEFORE:
        raise Died
    done = act()
    if fault is Fault.LOST_AFTER:
        raise OutcomeUnknown("the line dropped")
    if fault is Fault.DIED_AFTER:
        raise Died
    return done


@dataclass
class World:
    """A service that reads its allowlist anew for each request, an operator, and a fault somewhere on the way."""

    issuer: Faulty
    vault: LocalVault
    key: Key
    first: Secret
    handed: list[Secret] = field(default_factory=list)
    """What consumers were given, oldest first."""
    request: int = 0

    def accepts(self, secret: Secret) -> bool:
        listed = dotenv_values(self.issuer.inner.path)["API_KEYS"] or ""
        return secret.reveal() in listed.split(",")

    def plan(self, plan: Plan) -> None:
        self.request += 1
        self.vault.plan(self.key.id, plan, f"plan-{self.request}")

    def go_on(self, *until: RotationState) -> None:
        """Whatever may follow next, as an operator would, until the rotation has ended or stands where it is to."""
        while (rotation := self.vault.open_rotation(self.key.id)) is not None and rotation.state not in until:
            self._next(rotation)

    def _next(self, rotation: Rotation) -> None:
        verbs = allowed(rotation)
        if Verb.REISSUE in verbs or rotation.state in {RotationState.PLANNED, RotationState.REVOKED}:
            issued = (self.vault.reissue if Verb.REISSUE in verbs else self.vault.issue)(rotation.id)
            fingerprint = issued.version.fingerprint
            self.vault.handed_over(rotation.id, Delivery("stdout", "sent", NOON, fingerprint))
            self.handed.append(issued.secret)
        elif Verb.RETIRE in verbs:
            self.vault.retire(rotation.id, ANYWAY)
        else:
            self.vault.complete(rotation.id, ANYWAY)

    def require_somebody_let_in(self) -> None:
        assert any(self.accepts(secret) for secret in (self.first, *self.handed[-1:]))

    def require_agreement(self) -> None:
        """What the service lets in is what the vault says: nothing lives that nobody knows of."""
        detail = self.vault.detail(self.key.id)
        known = {v.prefix for v in detail.versions if detail.summary.key.accepts(v, NOON)}
        let_in = {secret.prefix() for secret in self.issuer.minted if self.accepts(secret)}
        assert let_in == known


def a_world(directory: Path) -> Iterator[World]:
    path = directory / ".env"
    path.touch(0o600)
    path.write_text("API_KEYS=\n")
    issuer = Faulty(EnvListIssuer("reserve", path, "API_KEYS", parse_format("base64")))
    profile = Profile("prod", directory / "vault", Actor("ada", "bastion-2"))
    vault = LocalVault.open(
        profile, StoppedClock(), repeatable_randomness(), Policies(), issuers=lambda: {"reserve": issuer}
    )
    issued = vault.create(KeyDraft("orders", "production", owner="shop", issuer="reserve"), "one")
    issuer.calls = 0
    yield World(issuer, vault, issued.key, issued.secret)
    vault.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from a_world(tmp_path)


def rolling(world: World) -> None:
    world.plan(Plan())
    world.go_on()


def rolled_back(world: World) -> None:
    world.plan(Plan())
    world.go_on(RotationState.SUSPENDED)
    rotation = world.vault.open_rotation(world.key.id)
    assert rotation is not None
    world.vault.rollback(rotation.id, "")


def immediate(world: World) -> None:
    world.plan(Plan(Strategy.IMMEDIATE))
    world.go_on()


def revoke_first(world: World) -> None:
    world.plan(Plan(Strategy.EMERGENCY, First.REVOKE, Reason.COMPROMISE))
    world.go_on()


def off_and_on(world: World) -> None:
    world.vault.disable(world.key.id, "")
    world.vault.enable(world.key.id, "")


CHANGES = {rolling: 3, rolled_back: 4, immediate: 2, revoke_first: 2, off_and_on: 2}
"""How many calls of the issuer each takes."""


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize(
    ("act", "at"),
    [(act, at) for act, calls in CHANGES.items() for at in range(1, calls + 1)],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_it_completes_or_goes_back(world: World, act: Callable[[World], None], at: int, fault: Fault) -> None:
    world.issuer.at, world.issuer.fault = at, fault
    with pytest.raises((KeytuiError, Died)):
        act(world)
    if act in {rolling, rolled_back}:
        world.require_somebody_let_in()

    world.issuer.at = 0
    if act is rolled_back:
        go_back(world)
    if act is off_and_on:
        switch_on(world)
        rolling(world)
    world.go_on()

    world.require_agreement()
    versions = world.vault.detail(world.key.id).versions
    assert [v.state in ACCEPTED for v in versions].count(True) == 1
    assert world.accepts((world.first, *world.handed)[-1 if act is not rolled_back or at == 1 else 0])


def go_back(world: World) -> None:
    """What was begun is begun again; where something else is in doubt, that is mended first, as the refusal says."""
    rotation = world.vault.open_rotation(world.key.id)
    if rotation is None or Verb.ROLLBACK not in allowed(rotation):
        return
    try:
        world.vault.rollback(rotation.id, "")
    except Refused:
        world.vault.restore(rotation.id)
        world.vault.rollback(rotation.id, "")


def switch_on(world: World) -> None:
    with suppress(Refused):
        world.vault.enable(world.key.id, "")


def test_going_on_is_refused_where_going_back_may_have_ended_the_new_version(world: World) -> None:
    world.issuer.at, world.issuer.fault = 4, Fault.LOST_AFTER
    with pytest.raises(OutcomeUnknown, match="nobody knows whether v2 was revoked"):
        rolled_back(world)
    world.issuer.at = 0
    with pytest.raises(Refused, match="v2 is refused by reserve, and not here"):
        world.go_on()
    world.require_somebody_let_in()
    go_back(world)
    world.require_agreement()


def test_each_change_takes_as_many_calls_as_are_made_to_fail(tmp_path: Path) -> None:
    made = {}
    for number, act in enumerate(CHANGES):
        directory = tmp_path / str(number)
        directory.mkdir()
        with contextmanager(a_world)(directory) as each:
            act(each)
            made[act] = each.issuer.calls
    assert made == CHANGES


def half_done(world: World, act: Callable[[World], object], at: int, fault: Fault = Fault.LOST_AFTER) -> None:
    world.issuer.at, world.issuer.fault, world.issuer.calls = at, fault, 0
    with pytest.raises((KeytuiError, Died)):
        act(world)
    world.issuer.at = 0


def test_a_retry_that_did_nothing_takes_no_doubt_away(world: World) -> None:
    """The first call took effect and nobody heard of it; the second reached nobody."""
    world.plan(Plan())
    world.go_on(RotationState.OVERLAPPING)
    rotation = world.vault.open_rotation(world.key.id)
    assert rotation is not None
    half_done(world, lambda there: there.go_on(), 1)
    half_done(world, lambda there: there.go_on(), 1, Fault.REFUSED)
    with pytest.raises(Refused, match="v1 is refused by reserve, and not here"):
        world.vault.rollback(rotation.id, "")
    half_done(world, lambda there: there.vault.restore(rotation.id), 1, Fault.LOST_BEFORE)
    with pytest.raises(Refused, match="v1 is refused by reserve, and not here"):
        world.vault.rollback(rotation.id, "")
    world.require_somebody_let_in()
    go_back(world)
    world.require_agreement()


@pytest.mark.parametrize(("act", "at"), [(revoke_first, 1), (immediate, 2)])
def test_what_may_have_ended_the_old_version_is_not_given_up(
    world: World, act: Callable[[World], None], at: int
) -> None:
    half_done(world, act, at)
    rotation = world.vault.open_rotation(world.key.id)
    assert rotation is not None
    with pytest.raises(Refused, match="v1 is refused by reserve, and not here"):
        world.vault.abandon(rotation.id, "")
    world.go_on()
    world.require_agreement()
    assert world.accepts(world.handed[-1])


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("at", [1, 2])
def test_going_back_from_a_half_done_disable_leaves_nothing_to_enable_that_is_shut_out(
    world: World, at: int, fault: Fault
) -> None:
    """`enable` may say that the key is not disabled only where its issuer lets it in as well."""
    world.plan(Plan())
    world.go_on(RotationState.OVERLAPPING)
    half_done(world, lambda there: there.vault.disable(there.key.id, ""), at, fault)
    go_back(world)
    with suppress(Refused):
        world.vault.enable(world.key.id, "")
    assert world.accepts(world.first)
    world.require_agreement()


def test_what_was_suspended_there_by_another_hand_is_enabled_again(world: World) -> None:
    """As by a request of ours that was given up, and that the issuer carried out later."""
    mark = Mark(world.first.digest(), world.first.prefix())
    world.issuer.inner.suspend(mark)
    assert [one.drift for one in world.vault.sync("reserve").drifted] == [Drift.REFUSED]
    world.vault.enable(world.key.id, "")
    assert world.accepts(world.first)
    assert world.vault.detail(world.key.id).versions[0].drift is None
    with pytest.raises(Refused, match="orders is not disabled"):
        world.vault.enable(world.key.id, "")


def test_what_its_issuer_was_asked_to_end_is_still_accepted_no_more(world: World) -> None:
    world.plan(Plan())
    world.go_on(RotationState.SUSPENDED)
    world.issuer.inner.restore(Mark(world.first.digest(), world.first.prefix()))
    (found,) = world.vault.sync("reserve").drifted
    assert (found.version, found.drift, found.state) == (1, Drift.STILL_ACCEPTED, VersionState.SUSPENDED)
    assert AlertKind.DRIFT in {alert.signal.kind for alert in world.vault.tend()}
    rotation = world.vault.open_rotation(world.key.id)
    assert rotation is not None
    world.vault.complete(rotation.id, ANYWAY)
    assert not world.accepts(world.first)
    assert [version.drift for version in world.vault.detail(world.key.id).versions] == [None, None]
    clock = world.vault._clock
    assert isinstance(clock, StoppedClock)
    clock.advance(timedelta(hours=1))
    world.vault.tend()
    assert AlertKind.DRIFT not in {alert.signal.kind for alert in world.vault.alerts()}
    assert world.vault.sync("reserve").drifted == ()


def test_what_its_issuer_carried_out_after_it_was_given_up_is_found_and_ended(world: World) -> None:
    """The process died as it asked, the rotation went on with another value, and the first one came in after all."""
    world.plan(Plan())
    rotation = world.vault.open_rotation(world.key.id)
    assert rotation is not None
    half_done(world, lambda there: there.vault.issue(rotation.id), 1, Fault.DIED_BEFORE)
    world.go_on()
    late = world.issuer.minted[1]
    world.issuer.inner.path.write_text(world.issuer.inner.path.read_text().replace("=", f"={late.reveal()},", 1))
    assert world.accepts(late)
    (found,) = world.vault.sync("reserve").drifted
    assert (found.version, found.drift, found.state) == (2, Drift.STILL_ACCEPTED, VersionState.REVOKED)
    world.vault.revoke(world.key.id, 2, Reason.OTHER, "given up, and carried out late")
    assert not world.accepts(late)
    assert world.vault.sync("reserve").drifted == ()
    world.require_agreement()


def test_an_old_version_is_revoked_again_while_its_systems_are_to_say_that_they_refuse_it(world: World) -> None:
    world.plan(Plan(Strategy.EMERGENCY, First.REPLACE, Reason.COMPROMISE))
    world.go_on(RotationState.DELIVERED)
    rotation = world.vault.open_rotation(world.key.id)
    assert rotation is not None
    world.vault.revoke_old(rotation.id, ANYWAY)
    world.issuer.inner.path.write_text(world.issuer.inner.path.read_text().replace("=", f"={world.first.reveal()},", 1))
    assert world.accepts(world.first)
    world.vault.revoke(world.key.id, 1, Reason.OTHER, "still accepted")
    assert not world.accepts(world.first)
    there = world.vault.open_rotation(world.key.id)
    assert there is not None
    assert there.state is RotationState.PROVING
    world.require_agreement()


def test_a_version_of_our_own_is_revoked_once(world: World) -> None:
    key = world.vault.create(KeyDraft("ours", "production"), "ours").key
    world.vault.plan(key.id, Plan(Strategy.IMMEDIATE), "plan ours")
    rotation = world.vault.open_rotation(key.id)
    assert rotation is not None
    world.vault.issue(rotation.id)
    with pytest.raises(Refused, match="v1 of ours is revoked already"):
        world.vault.revoke(key.id, 1, Reason.OTHER, "again")


def test_what_was_let_in_again_while_its_key_is_disabled_is_shut_out_again(world: World) -> None:
    world.vault.disable(world.key.id, "")
    with pytest.raises(Refused, match="is disabled already"):
        world.vault.disable(world.key.id, "")
    world.issuer.inner.restore(Mark(world.first.digest(), world.first.prefix()))
    assert [one.drift for one in world.vault.sync("reserve").drifted] == [Drift.STILL_ACCEPTED]
    world.vault.disable(world.key.id, "")
    assert not world.accepts(world.first)
    assert world.vault.sync("reserve").drifted == ()


def test_what_has_an_outcome_is_under_way_no_more(world: World) -> None:
    world.plan(Plan())
    rotation = world.vault.open_rotation(world.key.id)
    assert rotation is not None
    world.vault.issue(rotation.id)
    world.vault.reissue(rotation.id)
    world.go_on()
    world.issuer.inner.revoke(Mark(world.handed[-1].digest(), world.handed[-1].prefix()))
    assert [one.drift for one in world.vault.sync("reserve").drifted] == [Drift.REFUSED]


def test_lost_and_then_unreachable_is_unknown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """That the second try did nothing says nothing of the first: the key stays in the vault."""
    faults = [Fault.LOST_AFTER, Fault.REFUSED]
    monkeypatch.setattr(Faulty, "_tried", lambda issuer, act: tried(act, faults.pop(0) if faults else None))
    with pytest.raises(OutcomeUnknown):
        world.vault.create(KeyDraft("billing", "production", owner="shop", issuer="reserve"), "two")
    key = world.vault.find("billing")
    world.vault.revoke(key.id, None, Reason.OTHER, "nobody has it")
    assert not world.accepts(world.issuer.minted[-1])


def test_an_issuer_that_is_away_is_told_from_a_vault_that_is(world: World) -> None:
    """A team's console asks a server that is away again; of an issuer the server has asked already."""
    world.issuer.at, world.issuer.fault = 1, Fault.REFUSED
    with pytest.raises(IssuerAway, match="nobody answers"):
        rolling(world)


@pytest.mark.parametrize("fault", Fault)
def test_a_key_that_was_being_created(world: World, fault: Fault) -> None:
    """Refused, it never was, and its name is free; else it is there, and rotating it ends what may have come of it."""
    world.issuer.at, world.issuer.fault = 1, fault
    draft = KeyDraft("billing", "production", owner="shop", issuer="reserve")
    with pytest.raises((KeytuiError, Died)):
        world.vault.create(draft, "two")
    world.issuer.at = 0
    if fault is Fault.REFUSED:
        world.vault.create(draft, "two")
    else:
        key = world.vault.find("billing")
        world.vault.plan(key.id, Plan(Strategy.IMMEDIATE), "three")
        rotation = world.vault.open_rotation(key.id)
        assert rotation is not None
        world.vault.issue(rotation.id)
    assert [world.accepts(secret) for secret in world.issuer.minted[1:]] == [False] * (len(world.issuer.minted) - 2) + [
        True
    ]


def operator(vault: LocalVault, name: str) -> LocalVault:
    return vault.acting_as(Principal(Actor(name, "10.0.0.7"), Role.SUPER_ADMIN))


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        (Fault.REFUSED, ApprovalState.APPROVED),
        (Fault.LOST_BEFORE, ApprovalState.USED),
        (Fault.LOST_AFTER, ApprovalState.USED),
        (Fault.DIED_BEFORE, ApprovalState.APPROVED),
    ],
)
def test_what_its_issuer_refuses_uses_no_approval_up(world: World, fault: Fault, left: ApprovalState) -> None:
    """Nor does what nobody carried out; a key that may be there does."""
    hers, his = operator(world.vault, "ada"), operator(world.vault, "bob")
    draft = KeyDraft("billing", "production", owner="shop", issuer="reserve", sensitive=True)
    with pytest.raises(ApprovalNeeded) as needed:
        hers.create(draft, "two")
    his.approve(needed.value.approval_id, "agreed")
    world.issuer.at, world.issuer.fault = 1, fault
    with pytest.raises((KeytuiError, Died)):
        hers.create(draft, "three")
    assert [one.state for one in his.approvals(decided=True)] == [left]
    world.issuer.at = 0
    if fault is Fault.REFUSED:
        assert world.accepts(hers.create(draft, "four").secret)
        assert [one.state for one in his.approvals(decided=True)] == [ApprovalState.USED]


@pytest.mark.parametrize("issuer", ["builtin", "reserve"])
def test_nobody_is_asked_to_approve_a_name_that_is_taken(world: World, issuer: str) -> None:
    world.vault.create(KeyDraft("billing", "production", owner="shop", issuer=issuer), "two")
    with pytest.raises(Refused, match="production has a key called billing already"):
        operator(world.vault, "ada").create(KeyDraft("billing", "production", issuer=issuer, sensitive=True), "three")
    assert operator(world.vault, "bob").approvals() == ()
