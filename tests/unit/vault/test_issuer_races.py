"""Another process acts on a key while one is about to ask its issuer: somebody is let in, and nothing lives unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from keytui.domain.audit import Actor
from keytui.domain.errors import KeytuiError, OutcomeUnknown, Refused
from keytui.domain.keys import Key
from keytui.domain.policy import Policies
from keytui.domain.rotation import Plan, Reason, Rotation, RotationState
from keytui.issuers.issuer import Issuer, Mark
from keytui.vault.local.issuing.marking import mark_of
from keytui.vault.local.tables import VersionRow
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from keytui.vault.profile import Profile
from tests.unit.vault.test_issuer_faults import ANYWAY, Fault, World, a_world, half_done
from tests.world import StoppedClock, repeatable_randomness


@dataclass
class Overtaken:
    """As a process is about to name a version to its issuer for the n-th time, another process acts."""

    times: int = 0
    other: Callable[[], object] = lambda: None

    def __call__(self, version: VersionRow, issuer: Issuer, pepper: bytes) -> Mark | None:
        self.times -= 1
        if self.times == 0:
            with suppress(KeytuiError):
                self.other()
        return mark_of(version, issuer, pepper)


@dataclass
class Two:
    """One vault, and two processes that have it open."""

    world: World
    slow: LocalVault
    overtaken: Overtaken

    def overtake(self, act: Callable[[], object], at: int, other: Callable[[], object]) -> None:
        """`act` of the slow process, with what the other does as the slow one is about to ask the issuer."""
        self.overtaken.times, self.overtaken.other = at, other
        with suppress(KeytuiError):
            act()
        self.overtaken.times = 0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from a_world(tmp_path)


@pytest.fixture
def two(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    def no_lock_between_processes(_name: str) -> AbstractContextManager[None]:
        return nullcontext()

    monkeypatch.setattr("keytui.vault.local.issuing.asking.alone_with", no_lock_between_processes)
    overtaken = Overtaken()
    monkeypatch.setattr("keytui.vault.local.issuing.asking.mark_of", overtaken)
    profile = Profile("prod", tmp_path / "vault", Actor("ada", "bastion-2"))
    slow = LocalVault.open(
        profile, StoppedClock(), repeatable_randomness(), Policies(), issuers=lambda: {"reserve": world.issuer}
    )
    yield Two(world, slow, overtaken)
    slow.close()


def stand(world: World, state: RotationState) -> Rotation:
    world.plan(Plan())
    if state is RotationState.ISSUED:
        rotation = world.vault.open_rotation(world.key.id)
        assert rotation is not None
        world.handed.append(world.vault.issue(rotation.id).secret)
    world.go_on(state)
    rotation = world.vault.open_rotation(world.key.id)
    assert rotation is not None
    return rotation


@pytest.mark.parametrize("at", [1, 2])
def test_a_rotation_that_is_rolled_back_meanwhile_is_not_retired(two: Two, at: int) -> None:
    world = two.world
    rotation = stand(world, RotationState.OVERLAPPING)
    two.overtake(
        lambda: two.slow.retire(rotation.id, ANYWAY), at, lambda: world.vault.rollback(rotation.id, "does not work")
    )
    world.require_agreement()
    world.require_somebody_let_in()


@pytest.mark.parametrize("at", [1, 2])
def test_a_rotation_that_is_retired_meanwhile_is_not_rolled_back(two: Two, at: int) -> None:
    world = two.world
    rotation = stand(world, RotationState.OVERLAPPING)
    two.overtake(lambda: two.slow.rollback(rotation.id, ""), at, lambda: world.vault.retire(rotation.id, ANYWAY))
    world.require_agreement()
    world.require_somebody_let_in()


@pytest.mark.parametrize("at", [1, 2])
def test_nothing_is_issued_for_a_rotation_that_is_given_up_meanwhile(two: Two, at: int) -> None:
    world = two.world
    rotation = stand(world, RotationState.PLANNED)
    two.overtake(lambda: two.slow.issue(rotation.id), at, lambda: world.vault.abandon(rotation.id, ""))
    world.require_agreement()
    assert world.accepts(world.first)


@pytest.mark.parametrize("at", [1, 2])
def test_a_version_that_is_handed_over_meanwhile_is_not_replaced(two: Two, at: int) -> None:
    world = two.world
    rotation = stand(world, RotationState.ISSUED)
    got: list[Issued] = []

    def prove() -> None:
        world.vault.prove(rotation.id, world.handed[-1])
        assert world.accepts(world.handed[-1])

    two.overtake(lambda: got.append(two.slow.reissue(rotation.id)), at, prove)
    world.require_agreement()
    if not got:
        assert world.accepts(world.handed[-1])


@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.LOST_BEFORE, Fault.DIED_AFTER, Fault.DIED_BEFORE])
@pytest.mark.parametrize("at", [1, 2])
def test_a_whole_key_ends_in_an_overlap_whatever_was_heard_of_its_end(world: World, at: int, fault: Fault) -> None:
    """Nobody is meant to be let in, so no doubt about that holds it back."""
    stand(world, RotationState.OVERLAPPING)
    half_done(world, revoke, at, fault)
    revoke(world)
    world.require_agreement()
    assert not any(world.accepts(secret) for secret in world.issuer.minted)


@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.LOST_BEFORE, Fault.DIED_AFTER])
@pytest.mark.parametrize("at", [1, 2])
def test_a_key_is_switched_off_in_an_overlap_whatever_was_heard_of_it(world: World, at: int, fault: Fault) -> None:
    stand(world, RotationState.OVERLAPPING)
    half_done(world, lambda there: there.vault.disable(there.key.id, ""), at, fault)
    world.vault.disable(world.key.id, "")
    assert not any(world.accepts(secret) for secret in world.issuer.minted)
    world.vault.enable(world.key.id, "")
    assert world.accepts(world.first)
    assert world.accepts(world.handed[-1])


def test_a_disabled_keys_old_version_is_not_let_in_by_restoring_it(world: World) -> None:
    rotation = stand(world, RotationState.OVERLAPPING)
    half_done(world, lambda there: there.vault.retire(rotation.id, ANYWAY), 1)
    world.vault.disable(world.key.id, "")
    with suppress(Refused):
        world.vault.restore(rotation.id)
    assert not any(world.accepts(secret) for secret in world.issuer.minted)
    world.require_agreement()


def test_a_version_that_may_be_refused_is_handed_over_to_nobody(world: World) -> None:
    rotation = stand(world, RotationState.ISSUED)
    lost = world.handed[-1]
    with pytest.raises(OutcomeUnknown):
        half_lost(world, rotation)
    with pytest.raises(Refused, match="reserve may refuse v2 of orders"):
        world.vault.prove(rotation.id, lost)
    again = world.vault.reissue(rotation.id)
    world.vault.prove(rotation.id, again.secret)
    world.require_agreement()
    assert world.accepts(again.secret)


def half_lost(world: World, rotation: Rotation) -> None:
    world.issuer.at, world.issuer.fault, world.issuer.calls = 1, Fault.LOST_AFTER, 0
    try:
        world.vault.reissue(rotation.id)
    finally:
        world.issuer.at = 0


def revoke(world: World) -> Key:
    return world.vault.revoke(world.key.id, None, Reason.OTHER, "it is over")
