"""Whoever responds to a compromised key dies between any two calls, or a target fails: the same again ends it well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from keytui.domain.audit import Actor
from keytui.domain.errors import Unreachable
from keytui.domain.keys import Key, KeyDraft
from keytui.domain.rotation import First, Plan, Reason, RotationState, Strategy
from keytui.domain.secrets import Secret
from keytui.probes.key_probe import Answer, KeyProbe, Outcome
from keytui.targets.target import Target
from keytui.vault.emergency import Emergency, Response, Said
from keytui.vault.emergency_costs import costs_of
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Delivery
from keytui.vault.outside import Outside
from keytui.vault.probed import Probed
from keytui.vault.profile import Profile
from keytui.vault.protocol import Vault
from tests.contract.acts import request
from tests.doubles.dropping import Dropping
from tests.unit.vault.shop import Death, Died, Mortal, Place, fingerprint_of
from tests.world import StoppedClock, repeatable_randomness


class Scene:
    """One key that stands in two places."""

    def __init__(self, vault: LocalVault, clock: StoppedClock, name: str, first: First) -> None:
        self.places = (Place("a", reversible=True), Place("b", reversible=True))
        issued = vault.create(KeyDraft(name, "production", targets=("a", "b")), request())
        for place in self.places:
            place.holds = issued.secret
        self.vault, self.clock, self.key, self.first = vault, clock, issued.key, first
        self.probes: tuple[KeyProbe, ...] = ()
        self.told: list[str] = []

    def respond(self, death: Death | None = None) -> Response | None:
        """One run; None when whoever ran it died."""
        vault, places = cast(Vault, self.vault), cast(Sequence[Target], self.places)
        if death is not None:
            vault = cast(Vault, Mortal(self.vault, death))
            places = [cast(Target, Mortal(place, death)) for place in self.places]
        around = Outside(self.key, "", None, tuple(places), (), self.probes, {})
        try:
            return Emergency(vault, around, self.first, self.clock, self._hear, within=timedelta()).respond()
        except Died:
            return None

    def _hear(self, said: Said) -> None:
        self.told.append(said.text)

    def accepted(self) -> list[int]:
        versions = self.vault.detail(self.key.id).versions
        return sorted(one.number for one in versions if one.accepted(self.clock()))

    def standing(self) -> set[int]:
        """Which versions the places hold."""
        numbers = {one.fingerprint: one.number for one in self.vault.detail(self.key.id).versions}
        return {numbers[fingerprint_of(place)] for place in self.places}

    def see_that_it_ended_well(self) -> None:
        accepted = self.accepted()
        assert accepted != [1]
        assert self.standing() == set(accepted)
        assert self.vault.open_rotation(self.key.id) is None
        assert len(self.vault.incidents(open_only=True, search=self.key.id)) == 1

    def see_that_nobody_is_cut_off(self) -> None:
        assert self.standing() <= set(self.accepted())


class Shut:
    """A system that lets nobody in."""

    name = "ready"

    def ask(self, secret: Secret) -> Answer:
        return Answer(Outcome.REFUSED, "401", timedelta())

    def rehearse(self, stranger: Secret) -> None:
        """It is refused too."""


class Away:
    """A vault whose key's issuer is away: nothing can be revoked there."""

    def __init__(self, vault: LocalVault) -> None:
        self._vault = vault

    def __getattr__(self, name: str) -> object:
        if name == "issue":
            raise Unreachable("the issuer cannot be reached", "try again")
        return getattr(self._vault, name)


@pytest.fixture(scope="module")
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory, clock: StoppedClock) -> Iterator[LocalVault]:
    """One vault for all of them: each brings a key of its own."""
    profile = Profile("prod", tmp_path_factory.mktemp("scene") / "vault", Actor("ada", "bastion-2"))
    opened = LocalVault.open(profile, clock, repeatable_randomness())
    yield opened
    opened.close()


@pytest.mark.parametrize("first", First)
def test_a_response_that_dies_at_any_call_is_carried_on_by_the_same_again(
    vault: LocalVault, clock: StoppedClock, first: First
) -> None:
    whole = Death()
    Scene(vault, clock, f"{first}-whole", first).respond(whole)
    assert whole.calls > 10
    for at in range(1, whole.calls + 1):
        scene = Scene(vault, clock, f"{first}-{at}", first)
        watch = scene.see_that_nobody_is_cut_off if first is First.REPLACE else None
        assert scene.respond(Death(at, watch=watch)) is None
        clock.advance(timedelta(minutes=6))  # nobody is at a target any more

        response = scene.respond()

        if response is not None and response.rotation is not None and response.rotation.open:
            raise AssertionError(f"after dying at call {at}: {response.failure}")
        scene.see_that_it_ended_well()


@pytest.mark.parametrize("blind", [(0,), (0, 1)])
def test_whoever_dies_after_revoking_first_ends_it_well_also_where_targets_only_take(
    vault: LocalVault, clock: StoppedClock, blind: Sequence[int]
) -> None:
    """A place that can neither be read nor put back holds what is lost, and gets the next."""

    def scene(name: str) -> Scene:
        made = Scene(vault, clock, f"blind-{blind}-{name}", First.REVOKE)
        for at in blind:
            made.places[at].readable = made.places[at].reversible = False
        made.places[1].fault = "refuses"
        return made

    whole = Death()
    scene("whole").respond(whole)
    for at in range(1, whole.calls + 1):
        died = scene(str(at))
        died.respond(Death(at))
        clock.advance(timedelta(minutes=6))
        died.places[1].fault = ""
        died.respond()
        died.see_that_it_ended_well()


@pytest.mark.parametrize("first", First)
@pytest.mark.parametrize("fault", ["away", "refuses", "cut off before", "cut off after"])
def test_a_target_that_fails_keeps_nobody_from_ending_the_old_version(
    vault: LocalVault, clock: StoppedClock, first: First, fault: str
) -> None:
    scene = Scene(vault, clock, f"{first}-{fault}", first)
    scene.places[1].fault = fault

    stopped = scene.respond()

    assert stopped is not None
    assert stopped.failure is not None
    assert (1 in scene.accepted()) is (first is First.REPLACE)
    assert (stopped.revoked_after is None) is (first is First.REPLACE)
    scene.places[1].fault = ""
    again = scene.respond()
    assert again is not None
    assert again.failure is None
    scene.see_that_it_ended_well()


def test_revoking_after_a_replacement_that_stopped_half_way_leaves_no_place_behind(
    vault: LocalVault, clock: StoppedClock
) -> None:
    scene = Scene(vault, clock, "half-way", First.REPLACE)
    scene.places[1].fault = "refuses"
    scene.respond()
    scene.first, scene.places[1].fault = First.REVOKE, ""
    again = scene.respond()
    assert again is not None
    assert again.failure is None
    assert scene.accepted() == [2]
    scene.see_that_it_ended_well()


def test_what_cannot_revoke_first_any_more_says_so_and_calls_nothing_revoked(
    vault: LocalVault, clock: StoppedClock
) -> None:
    scene = Scene(vault, clock, "no-way-back", First.REPLACE)
    scene.places[0].reversible, scene.places[1].fault = False, "refuses"
    scene.respond()
    scene.first = First.REVOKE

    stopped = scene.respond()

    assert scene.accepted() == [1, 2]
    assert stopped is not None
    assert stopped.revoked_after is None
    assert not any("is revoked" in line for line in scene.told)
    assert any("replace first" in line and "v1 is accepted until the new secret is out" in line for line in scene.told)
    assert stopped.failure is not None
    assert f"v1 is not revoked: `keytui disable {scene.key.id}` refuses the whole key" in stopped.failure.hint
    scene.places[1].fault = ""
    scene.respond()
    scene.see_that_it_ended_well()


def test_what_is_said_of_an_unproven_secret_names_the_version_that_it_was_to_replace(
    vault: LocalVault, clock: StoppedClock
) -> None:
    scene = Scene(vault, clock, "shut-out", First.REPLACE)
    scene.probes = (Shut(),)
    scene.places[0].fault = "refuses"
    scene.respond()
    scene.places[0].fault = ""

    stopped = scene.respond()

    assert stopped is not None
    assert stopped.failure is not None
    assert stopped.failure.message == "v3 is refused at ready, so v1 was not refused"


def test_the_version_that_took_over_from_one_that_leaked_may_have_leaked_too(
    vault: LocalVault, clock: StoppedClock
) -> None:
    scene = Scene(vault, clock, "second-leak", First.REVOKE)
    rotation = vault.plan(scene.key.id, Plan(Strategy.EMERGENCY, First.REVOKE, Reason.COMPROMISE), request())
    issued = vault.issue(rotation.id)
    vault.note_probed(rotation.id, Probed("ready", 1, Outcome.REFUSED, Outcome.ACCEPTED, "200", timedelta()))
    vault.prove(rotation.id, issued.secret)
    costs = costs_of(vault, Outside(scene.key, "", None, (), (), (), {}), clock())

    scene.respond()

    way = f"v2 stays accepted; if that leaked too: `keytui incident {scene.key.id} --again`"
    assert way in scene.told
    assert all(way in costs.of(first) for first in First)


def test_a_last_word_that_an_emergency_goes_past_is_said(vault: LocalVault, clock: StoppedClock) -> None:
    scene = Scene(vault, clock, "overridden", First.REVOKE)
    rotation = vault.plan(scene.key.id, Plan(Strategy.IMMEDIATE), request())
    issued = vault.issue(rotation.id)
    vault.note_probed(rotation.id, Probed("ready", 1, Outcome.REFUSED, Outcome.ACCEPTED, "200", timedelta()))
    assert vault.prove(rotation.id, issued.secret).state is RotationState.PROVING

    scene.respond()

    assert any("v1 of overridden was STILL ACCEPTED at ready" in line for line in scene.told)


def test_a_rotation_that_cannot_end_here_is_no_reason_to_let_the_thief_in(
    vault: LocalVault, clock: StoppedClock
) -> None:
    scene = Scene(vault, clock, "stuck", First.REVOKE)
    rotation = vault.plan(scene.key.id, Plan(), request())
    issued = vault.issue(rotation.id)
    vault.deliver(rotation.id, Delivery("a", "sent", clock(), issued.version.fingerprint))
    stopped = scene.respond()
    assert stopped is not None
    assert stopped.failure is not None
    assert f"`keytui disable {scene.key.id}` refuses the whole key at once" in stopped.failure.hint


def test_a_key_of_other_places_too_is_left_alone_until_somebody_says_by_hand(
    vault: LocalVault, clock: StoppedClock
) -> None:
    key: Key = vault.create(KeyDraft("half", "production", targets=("a", "elsewhere")), request()).key
    around = Outside(key, "", None, (cast(Target, Place("a")),), ("elsewhere",), (), {})
    with pytest.raises(Exception, match="elsewhere is none of this machine"):
        Emergency(vault, around, First.REVOKE, clock, lambda _: None).respond()
    response = Emergency(vault, around, First.REVOKE, clock, lambda _: None, by_hand=True).respond()
    assert response.issued is not None
    assert response.revoked_after is not None


@pytest.mark.parametrize("first", First)
@pytest.mark.parametrize("answered", [False, True])
def test_a_line_that_drops_in_the_middle_leaves_what_was_done_and_the_way_on(
    vault: LocalVault, clock: StoppedClock, first: First, answered: bool
) -> None:
    scene = Scene(vault, clock, f"dropped-{first}-{answered}", first)
    line, told = cast(Vault, Dropping(vault, "issue", answered=answered)), list[Said]()
    around = Outside(scene.key, "", None, cast(tuple[Target, ...], scene.places), (), (cast(KeyProbe, None),), {})

    stopped = Emergency(line, around, first, clock, told.append).respond()

    assert isinstance(stopped.failure, Unreachable)
    assert "v1 may be refused already; the same again goes on" in told[-1].text
    assert not told[-1].well


@pytest.mark.parametrize(
    ("issuer", "said"),
    [("builtin", "refuses the whole key at once"), ("core", "nothing but core can refuse it, in its own console")],
)
def test_an_issuer_that_is_away_is_named_as_the_only_one_that_can_refuse(
    vault: LocalVault, clock: StoppedClock, issuer: str, said: str
) -> None:
    scene = Scene(vault, clock, f"away-{issuer}", First.REVOKE)
    line = cast(Vault, Away(vault))
    around = Outside(replace(scene.key, issuer=issuer), "", None, cast(tuple[Target, ...], scene.places), (), (), {})

    stopped = Emergency(line, around, First.REVOKE, clock, lambda _: None).respond()

    assert isinstance(stopped.failure, Unreachable)
    assert stopped.failure.hint.startswith("v1 is not revoked: ")
    assert said in stopped.failure.hint
    assert ("keytui disable" in stopped.failure.hint) is (issuer == "builtin")
