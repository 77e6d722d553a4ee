"""A platform that knows no overlap: each value takes the place of the one before. Whatever fails, there is a way on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

from keytui.domain.errors import OutcomeUnknown, Refused
from keytui.domain.keys import Key
from keytui.domain.rotation import Plan, Reason, RotationState, Strategy
from keytui.domain.secrets import Secret
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Delivery, Issued
from keytui.vault.profile import Profile
from tests.doubles.faults import Fault
from tests.doubles.reserve import IN_PLACE
from tests.doubles.served import Stage
from tests.unit.vault.made_there import STANDING, Died, There, a_vault, died, killed
from tests.world import NOON

REPLACED = "v1 is refused by platform, and not here: to issue v"
MAYBE = "v2 may have taken the place of v1 at platform"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


@dataclass(frozen=True)
class World:
    """A key that was brought in, and a rotation of it that nothing was issued for."""

    there: There
    key: Key
    rotation_id: int

    @property
    def vault(self) -> LocalVault:
        return self.there.vault

    def issue(self) -> Issued:
        return self.vault.issue(self.rotation_id)

    def reissue(self) -> Issued:
        return self.vault.reissue(self.rotation_id)

    def lets_in(self, secret: Secret) -> bool:
        return self.there.platform.accepts(secret.reveal())

    def accepted_here(self) -> list[int]:
        detail = self.vault.detail(self.key.id)
        return [v.number for v in detail.versions if detail.summary.key.accepts(v, NOON)]

    def require_only(self, issued: Issued) -> None:
        """It is let in, and the vault says of it alone that it is; what it was for is completed with it."""
        assert self.lets_in(issued.secret)
        assert not self.lets_in(STANDING)
        assert self.accepted_here() == [issued.version.number]
        assert self.vault.prove(self.rotation_id, issued.secret).state is RotationState.COMPLETED
        assert self.vault.sync("platform").drifted == ()


@pytest.fixture(params=[True, False], ids=["it can revoke", "it cannot revoke"])
def world(request: pytest.FixtureRequest, stage: Stage, profile: Profile) -> Iterator[World]:
    yield from a_world(stage, profile, revokes=request.param)


@pytest.fixture
def revoking(stage: Stage, profile: Profile) -> Iterator[World]:
    yield from a_world(stage, profile, revokes=True)


def a_world(stage: Stage, profile: Profile, *, revokes: bool) -> Iterator[World]:
    there = a_vault(stage, profile, {name: call for name, call in IN_PLACE.items() if revokes or name != "revoke"})
    key = there.brought_in(tokenPreview=f"{STANDING.prefix()}…")
    yield World(there, key, there.vault.plan(key.id, Plan(Strategy.IMMEDIATE), "one").id)
    there.vault.close()


def test_a_lost_secret_is_issued_again_as_often_as_it_is_lost(world: World) -> None:
    """Nothing is revoked first: there is one key, and it would be gone."""
    world.issue()
    world.reissue()
    world.require_only(world.reissue())


@pytest.mark.parametrize("verb", ["issue", "reissue"])
@pytest.mark.parametrize("fault", [Fault.CUT, Fault.BUSY, Fault.JUNK])
def test_a_lost_answer_is_asked_for_again(world: World, verb: str, fault: Fault) -> None:
    if verb == "reissue":
        world.issue()
    world.there.line.strike("POST", fault)
    with pytest.raises(OutcomeUnknown, match=r"nobody knows whether v\d was issued"):
        getattr(world, verb)()
    world.require_only(getattr(world, verb)())


@pytest.mark.parametrize("at", ["_made", "_as_listed"])
def test_a_process_that_was_killed_is_followed_by_another(
    world: World, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    killed(monkeypatch, at, world.issue)
    assert not world.lets_in(STANDING)
    world.require_only(world.issue())


def test_a_process_that_was_killed_with_the_new_value_in_its_hands_is_followed_by_another(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vault knows that value, and nobody has it."""
    with monkeypatch.context() as patched:
        patched.setattr("keytui.vault.local.rotations.rotating.end_replaced", died)
        with pytest.raises(Died):
            world.issue()
    with pytest.raises(Refused, match="v1 is refused by platform"):
        world.vault.abandon(world.rotation_id, "")
    world.require_only(world.issue())


@pytest.mark.parametrize("again", [None, Fault.AWAY, Fault.CUT])
def test_a_doubt_stays_until_it_is_settled(world: World, again: Fault | None) -> None:
    """What was tried in between and did nothing takes it away as little as a look at what the platform has."""
    world.there.line.strike("POST", Fault.CUT)
    with pytest.raises(OutcomeUnknown):
        world.issue()
    if again is not None:
        world.there.line.strike("POST", again)
        with pytest.raises(OutcomeUnknown if again is Fault.CUT else Refused):
            world.issue()
    assert not world.lets_in(STANDING)
    with pytest.raises(Refused, match=REPLACED):
        world.vault.abandon(world.rotation_id, "")
    world.require_only(world.issue())


def test_what_was_surely_not_replaced_can_be_given_up(world: World) -> None:
    """The list tells twelve characters: it is the old value still, and nothing of it is touched."""
    world.there.line.strike("POST", Fault.BUSY)
    with pytest.raises(OutcomeUnknown):
        world.issue()
    world.vault.abandon(world.rotation_id, "")
    assert world.lets_in(STANDING)
    assert world.accepted_here() == [1]
    assert world.vault.sync("platform").drifted == ()


def test_what_tells_too_little_of_its_value_may_be_another(world: World) -> None:
    world.there.line.strike("POST", Fault.BUSY)
    with pytest.raises(OutcomeUnknown):
        world.issue()
    (there,) = (key for key in world.there.platform.keys.values() if key["name"] == "checkout")
    there["tokenPreview"] = STANDING.reveal()[:6]
    with pytest.raises(Refused, match=MAYBE) as refused:
        world.vault.abandon(world.rotation_id, "")
    assert f"`keytui rotate {world.key.id} --resume`" in refused.value.hint
    world.require_only(world.issue())


def test_what_is_refused_leaves_the_version_before(world: World) -> None:
    issued = world.issue()
    world.there.line.strike("POST", Fault.AWAY)
    with pytest.raises(Refused, match="sends us elsewhere"):
        world.reissue()
    world.require_only(issued)


def test_a_version_that_may_have_been_replaced_is_handed_over_to_nobody(world: World) -> None:
    issued = world.issue()
    told = Delivery("stdout", "sent", NOON, issued.version.fingerprint)
    world.there.line.strike("POST", Fault.CUT)
    with pytest.raises(OutcomeUnknown):
        world.reissue()
    attempts: list[Callable[[], object]] = [
        lambda: world.vault.prove(world.rotation_id, issued.secret),
        lambda: world.vault.handed_over(world.rotation_id, told),
        lambda: world.vault.handed_over(world.rotation_id, replace(told, fingerprint=None)),
    ]
    for attempt in attempts:
        with pytest.raises(Refused):
            attempt()
    assert not world.lets_in(issued.secret)
    world.require_only(world.reissue())


def test_a_key_is_ended_whatever_value_it_has(revoking: World) -> None:
    revoking.there.line.strike("POST", Fault.CUT)
    with pytest.raises(OutcomeUnknown):
        revoking.issue()
    revoking.vault.revoke(revoking.key.id, None, Reason.LEAVER, "")
    (there,) = (key for key in revoking.there.platform.keys.values() if key["name"] == "checkout")
    assert there["isActive"] is False


def test_ending_an_old_value_once_more_leaves_the_one_in_its_place(revoking: World) -> None:
    """Its name there is the new one's by now, and this list tells of no value how it begins."""
    for key in revoking.there.platform.keys.values():
        key["tokenPreview"] = None
    issued = revoking.issue()
    for key in revoking.there.platform.keys.values():
        key["tokenPreview"] = None
    revoking.require_only(issued)
    with suppress(Refused):
        revoking.vault.revoke(revoking.key.id, 1, Reason.LEAVER, "")
    assert revoking.lets_in(issued.secret)
