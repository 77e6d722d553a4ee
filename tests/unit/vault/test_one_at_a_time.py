"""A platform that keeps one value under a name, and makes the values: the new one takes the old one's place at once.

Whatever becomes of a call, the rotation goes on or back: the last value that was handed out is let in, or the old one,
and no value is let in that the vault does not know of.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from keytui.domain.audit import Actor
from keytui.domain.drift import Drift
from keytui.domain.errors import KeytuiError, NotFound, Refused
from keytui.domain.keys import ACCEPTED, Key, KeyDraft, VersionState
from keytui.domain.rotation import First, Plan, Reason, RotationState, Strategy
from keytui.domain.secrets import FORMATS, Randomness, Secret
from keytui.issuers.issuer import Abilities, Listed, Mark, NewVersion
from keytui.vault.local.issuing.calls import LONGEST_CALL
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Delivery, Issued
from keytui.vault.profile import Profile
from tests.unit.vault.test_issuer_faults import Died, Fault, tried
from tests.world import NOON, StoppedClock, repeatable_randomness

Done = TypeVar("Done")
TOOK_EFFECT = (Fault.LOST_AFTER, Fault.DIED_AFTER)
ID = "5"


@dataclass
class Platform:
    """One key, by the name 5. Its next change may fail."""

    value: Secret = field(default_factory=lambda: FORMATS["tk"].mint(random.Random(9).randbytes))  # noqa: S311  # a test's
    state: VersionState = VersionState.ACTIVE
    fault: Fault | None = None
    name: str = "platform"
    made: int = 0
    tells_beginnings: bool = True

    @property
    def abilities(self) -> Abilities:
        return Abilities(
            lists=True,
            issues=True,
            takes_our_value=False,
            overlaps=False,
            suspends=True,
            tells_last_use=False,
            holds_metadata=True,
            keeps_plaintext=False,
        )

    def accepts(self, secret: Secret) -> bool:
        return self.state is VersionState.ACTIVE and secret == self.value

    def versions(self) -> Iterator[Listed]:
        yield self._listed()

    def look_up(self, mark: Mark) -> Listed | None:
        same = not (mark.prefix and self.tells_beginnings) or mark.prefix == self.value.prefix()
        return self._listed() if mark.reference == ID and same else None

    def rehearse(self) -> tuple[str, ...]:
        return ()

    def fallbacks(self, _mark: Mark) -> tuple[str, ...]:
        return ()

    def new_value(self, _randomness: Randomness) -> Secret:
        raise Refused("it makes its own", "")

    def issue(self, _key: Key, _value: Secret | None, like: Mark | None) -> NewVersion:
        self._require(like or Mark("", ""))
        return self._tried(self._replace)

    def suspend(self, mark: Mark) -> None:
        self._put(mark, VersionState.SUSPENDED)

    def restore(self, mark: Mark) -> None:
        self._put(mark, VersionState.ACTIVE)

    def revoke(self, mark: Mark) -> None:
        self._put(mark, VersionState.REVOKED)

    def _replace(self) -> NewVersion:
        if self.state is VersionState.REVOKED:
            raise Refused("it is revoked, which is final", "make another by hand")
        self.made += 1
        self.value = FORMATS["tk"].mint(random.Random(self.made).randbytes)  # noqa: S311  # a test's
        return NewVersion(self._listed(), self.value)

    def _put(self, mark: Mark, state: VersionState) -> None:
        self._require(mark)
        self._tried(lambda: setattr(self, "state", state))

    def _require(self, mark: Mark) -> None:
        if self.look_up(mark) is None:
            raise NotFound("the platform has no such key with this value", "look there")

    def _tried(self, act: Callable[[], Done]) -> Done:
        fault, self.fault = self.fault, None
        return tried(act, fault)

    def _listed(self) -> Listed:
        prefix = self.value.prefix() if self.tells_beginnings else ""
        return Listed(Mark("", prefix, ID), "checkout", self.state)


@dataclass
class World:
    """The vault after its first sync, with an immediate rotation of the key planned."""

    platform: Platform
    vault: LocalVault
    clock: StoppedClock
    key: Key
    first: Secret
    rotation: int

    def faulty(self, fault: Fault, act: Callable[[int], Issued]) -> None:
        self.platform.fault = fault
        with pytest.raises((KeytuiError, Died)):
            act(self.rotation)

    def hand_over(self, issued: Issued) -> None:
        delivery = Delivery("stdout", "sent", NOON, issued.version.fingerprint)
        assert self.vault.handed_over(self.rotation, delivery).state is RotationState.COMPLETED
        assert self.platform.accepts(issued.secret)
        self.require_agreement()

    def require_agreement(self) -> None:
        """One version is accepted here, and the same there."""
        versions = self.vault.detail(self.key.id).versions
        assert [one.prefix for one in versions if one.state in ACCEPTED] == [self.platform.value.prefix()]
        assert self.platform.state is VersionState.ACTIVE
        self.clock.advance(2 * LONGEST_CALL)
        report = self.vault.sync("platform")
        assert (report.added, report.drifted, report.skipped) == ((), (), ())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    platform, clock = Platform(), StoppedClock()
    profile = Profile("prod", tmp_path / "vault", Actor("ada", "bastion-2"))
    vault = LocalVault.open(profile, clock, repeatable_randomness(), issuers=lambda: {platform.name: platform})
    (key,) = vault.sync("platform").added
    planned = vault.plan(key.id, Plan(Strategy.IMMEDIATE), "plan")
    yield World(platform, vault, clock, key, platform.value, planned.id)
    vault.close()


def test_it_makes_no_keys_and_overlaps_none(world: World) -> None:
    with pytest.raises(Refused, match="platform makes no new keys by its interface"):
        world.vault.create(KeyDraft("orders", "production", issuer="platform"), "one")
    world.vault.abandon(world.rotation, "")
    with pytest.raises(Refused, match="platform accepts one version at a time: choose the strategy immediate"):
        world.vault.plan(world.key.id, Plan(), "two")
    for first in First:
        with pytest.raises(Refused, match="platform accepts one version at a time, so the new one") as refused:
            world.vault.plan(world.key.id, Plan(Strategy.EMERGENCY, first, Reason.COMPROMISE), f"{first}")
        assert refused.value.hint == "`keytui rotate KEY --strategy immediate --reason compromise`"


@pytest.mark.parametrize("fault", Fault)
def test_a_rotation_goes_on_whatever_became_of_its_call(world: World, fault: Fault) -> None:
    world.faulty(fault, world.vault.issue)
    assert world.platform.accepts(world.first) is (fault not in TOOK_EFFECT)
    world.hand_over(world.vault.issue(world.rotation))


@pytest.mark.parametrize("first", Fault)
@pytest.mark.parametrize("second", Fault)
def test_it_goes_on_after_two_failures_as_well(world: World, first: Fault, second: Fault) -> None:
    world.faulty(first, world.vault.issue)
    world.faulty(second, world.vault.issue)
    world.hand_over(world.vault.issue(world.rotation))


@pytest.mark.parametrize("fault", Fault)
def test_it_is_given_up_only_where_the_old_version_is_let_in(world: World, fault: Fault) -> None:
    world.faulty(fault, world.vault.issue)
    if fault in TOOK_EFFECT:
        with pytest.raises(Refused, match="v1 is refused by platform, and not here: to issue v2 was begun"):
            world.vault.abandon(world.rotation, "")
        world.hand_over(world.vault.issue(world.rotation))
    else:
        world.vault.abandon(world.rotation, "")
        assert world.platform.accepts(world.first)
        world.require_agreement()


@pytest.mark.parametrize("fault", Fault)
def test_it_is_not_given_up_where_nobody_can_tell_what_is_let_in(world: World, fault: Fault) -> None:
    """The list says no more than that something stands under the name."""
    world.platform.tells_beginnings = False
    world.faulty(fault, world.vault.issue)
    if fault is Fault.REFUSED:
        world.vault.abandon(world.rotation, "")
        return
    with pytest.raises(Refused, match="v2 may have taken the place of v1 at platform"):
        world.vault.abandon(world.rotation, "")
    issued = world.vault.issue(world.rotation)
    assert world.platform.accepts(issued.secret)


def test_a_secret_that_was_lost_at_the_hand_over_is_replaced_in_place(world: World) -> None:
    """To revoke it there first would leave nothing that could be replaced."""
    lost = world.vault.issue(world.rotation).secret
    again = world.vault.reissue(world.rotation)
    assert not world.platform.accepts(lost)
    world.hand_over(again)


@pytest.mark.parametrize("fault", Fault)
def test_what_was_issued_can_be_handed_over_until_another_has_taken_its_place(world: World, fault: Fault) -> None:
    issued = world.vault.issue(world.rotation)
    world.faulty(fault, world.vault.reissue)
    if fault is Fault.REFUSED:
        world.hand_over(issued)
    else:
        world.hand_over(world.vault.reissue(world.rotation))


@pytest.mark.parametrize("fault", Fault)
def test_the_whole_key_is_revoked_whatever_stands_there(world: World, fault: Fault) -> None:
    """Also a value that nobody has, because the answer with it was lost."""
    world.faulty(fault, world.vault.issue)
    world.vault.revoke(world.key.id, None, Reason.LEAVER, "")
    assert world.platform.state is VersionState.REVOKED


@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.DIED_AFTER])
def test_a_value_whose_answer_was_lost_is_no_other_key(world: World, fault: Fault) -> None:
    """The alarm is that the old version is gone; the rotation that is open goes on from there."""
    world.faulty(fault, world.vault.issue)
    world.clock.advance(LONGEST_CALL + timedelta(minutes=1))
    report = world.vault.sync("platform")
    assert [(one.version, one.drift) for one in report.drifted] == [(1, Drift.VANISHED)]
    assert (report.added, report.known) == ((), 1)
    world.hand_over(world.vault.issue(world.rotation))


def test_what_another_hand_put_there_is_not_replaced(world: World) -> None:
    """Only a call of ours whose end nobody heard is a reason to replace what is not known here."""
    world.platform.issue(world.key, None, Mark("", "", ID))
    with pytest.raises(NotFound):
        world.vault.issue(world.rotation)
    assert world.platform.made == 1
