"""The rotation state machine: walked at random on every path, with a small model of a key's versions beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from keytui.domain.errors import Invalid, Refused
from keytui.domain.keys import Key, Version, VersionState
from keytui.domain.rotation import (
    MOVES,
    First,
    Move,
    Plan,
    Reason,
    Rotation,
    RotationState,
    Strategy,
    Verb,
    allowed,
    move,
)
from tests.world import NOON

PATHS = tuple(MOVES)
DAY = timedelta(days=1)


def rotation(strategy: Strategy = Strategy.ROLLING, first: First | None = None, state: str = "planned") -> Rotation:
    """A rotation of checkout from v1, in a state."""
    plan = Plan(strategy, first)
    return Rotation(7, "key-1", "checkout", "production", plan, RotationState(state), 1, None, NOON, "ada")


class Walk(RuleBasedStateMachine):
    """Versions as a vault keeps them; verbs are applied as `move` says, whether or not a face would offer them."""

    @initialize(path=st.sampled_from(PATHS), lives=st.none() | st.integers(1, 40))
    def open(self, path: tuple[Strategy, First | None], lives: int | None) -> None:
        self.now = NOON
        self.rotation = rotation(*path)
        self.key = Key("key-1", "checkout", "production", NOON, expires_at=NOON + lives * DAY if lives else None)
        self.versions = {1: Version(1, VersionState.ACTIVE, NOON)}
        self.original_expiry = self.key.expires_at
        self.revoked: dict[int, Version] = {}

    @rule(verb=st.sampled_from(Verb))
    def try_verb(self, verb: Verb) -> None:
        if verb in allowed(self.rotation):
            self._apply(verb, move(self.rotation, verb))
            return
        with pytest.raises(Refused) as refused:
            move(self.rotation, verb)
        assert refused.value.hint

    @rule(days=st.integers(1, 30))
    def time_passes(self, days: int) -> None:
        before = (self.rotation, dict(self.versions), allowed(self.rotation))
        self.now += days * DAY
        assert before == (self.rotation, self.versions, allowed(self.rotation))

    @precondition(lambda self: self.key.expires_at is not None)
    @rule()
    def the_expiry_is_put_off(self) -> None:
        self.key = replace(self.key, expires_at=self.now + 60 * DAY)

    @invariant()
    def rolling_always_has_an_accepted_version(self) -> None:
        keeps_old = self.rotation.plan.strategy is Strategy.ROLLING or self.rotation.plan.first is First.REPLACE
        went_back = self.rotation.state in {RotationState.ABANDONED, RotationState.ROLLED_BACK}
        alive = self.key.expires_at is None or self.now < self.key.expires_at
        if alive and (keeps_old or went_back):
            assert any(self.key.accepts(version, self.now) for version in self.versions.values())

    @invariant()
    def only_a_revoked_first_key_has_none(self) -> None:
        accepted = any(version.state is VersionState.ACTIVE for version in self.versions.values())
        assert accepted == (self.rotation.state is not RotationState.REVOKED)

    @invariant()
    def revoked_is_final(self) -> None:
        for number, version in self.revoked.items():
            assert self.versions[number] == version
        self.revoked = {n: v for n, v in self.versions.items() if v.state is VersionState.REVOKED}

    @invariant()
    def a_grace_never_outlives_the_expiry_it_began_under(self) -> None:
        for version in self.versions.values():
            if version.state is VersionState.OUTGOING and self.original_expiry and self.now >= self.original_expiry:
                assert not self.key.accepts(version, self.now)

    @invariant()
    def a_closed_rotation_is_settled(self) -> None:
        if not self.rotation.open:
            assert allowed(self.rotation) == ()
            states = [version.state for version in self.versions.values()]
            assert states.count(VersionState.ACTIVE) == 1
            assert set(states) <= {VersionState.ACTIVE, VersionState.REVOKED}

    def _apply(self, verb: Verb, found: Move) -> None:
        if verb in {Verb.ISSUE, Verb.REISSUE}:
            if self.rotation.new_version is not None:
                self._become(self.rotation.new_version, VersionState.REVOKED)
            number = max(self.versions) + 1
            self.versions[number] = Version(number, VersionState.ACTIVE, self.now)
            self.rotation = replace(self.rotation, new_version=number)
        elif found.new is not None:
            assert self.rotation.new_version is not None
            self._become(self.rotation.new_version, found.new)
        if found.old is not None:
            self._become(self.rotation.old_version, found.old)
        self.rotation = replace(self.rotation, state=found.states[-1])

    def _become(self, number: int, state: VersionState) -> None:
        version = self.versions[number]
        until = version.accept_until
        if state is VersionState.OUTGOING and until is None:
            until = self.original_expiry = self.key.expires_at
        self.versions[number] = replace(version, state=state, accept_until=until)


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=150, stateful_step_count=25)


@pytest.mark.parametrize("path", PATHS)
def test_every_state_of_a_path_is_left_or_closed(path: tuple[Strategy, First | None]) -> None:
    reached = {RotationState.PLANNED} | {state for found in MOVES[path].values() for state in found.states[-1:]}
    for state in reached:
        assert rotation(*path, state=state).open == bool(allowed(rotation(*path, state=state)))


def test_rolling_goes_the_way_that_the_design_names() -> None:
    passed = ["planned"]
    for verb in (Verb.ISSUE, Verb.DELIVER, Verb.RETIRE, Verb.COMPLETE):
        passed += move(rotation(state=passed[-1]), verb).states
    assert passed == ["planned", "issued", "delivered", "overlapping", "suspended", "completed"]


def test_revoke_first_has_no_accepted_version_until_it_issues() -> None:
    path = (Strategy.EMERGENCY, First.REVOKE)
    assert move(rotation(*path), Verb.REVOKE_OLD).old is VersionState.REVOKED
    assert allowed(rotation(*path, state="revoked")) == (Verb.ISSUE,)


def test_immediate_ends_the_old_version_as_it_issues() -> None:
    found = move(rotation(Strategy.IMMEDIATE), Verb.ISSUE)
    assert (found.old, found.new) == (VersionState.REVOKED, VersionState.ACTIVE)


def test_the_end_of_an_overlap_is_an_alarm_and_nothing_else() -> None:
    overlapping = replace(rotation(state="overlapping"), overlap_ends_at=NOON + DAY)
    assert [overlapping.overdue(NOON + DAY - timedelta(seconds=1)), overlapping.overdue(NOON + DAY)] == [False, True]
    assert allowed(overlapping) == (Verb.RETIRE, Verb.ROLLBACK)
    assert not replace(overlapping, state=RotationState.SUSPENDED).overdue(NOON + 9 * DAY)


@pytest.mark.parametrize(
    ("strategy", "first", "state", "verb", "why"),
    [
        (Strategy.ROLLING, None, "completed", Verb.RETIRE, "nothing is left to retire"),
        (Strategy.ROLLING, None, "issued", Verb.ROLLBACK, "abandon it instead"),
        (Strategy.ROLLING, None, "overlapping", Verb.ABANDON, "has been handed over"),
        (Strategy.ROLLING, None, "overlapping", Verb.COMPLETE, "cannot complete from there"),
        (Strategy.IMMEDIATE, None, "issued", Verb.ABANDON, "already revoked"),
        (Strategy.EMERGENCY, First.REVOKE, "revoked", Verb.ROLLBACK, "already revoked"),
        (Strategy.EMERGENCY, First.REPLACE, "delivered", Verb.RETIRE, "cannot retire from there"),
    ],
)
def test_a_refusal_says_why_and_what_may_be_done(
    strategy: Strategy, first: First | None, state: str, verb: Verb, why: str
) -> None:
    with pytest.raises(Refused, match=why) as refused:
        move(rotation(strategy, first, state), verb)
    assert "rotation #7 of checkout" in refused.value.message
    assert refused.value.hint == (
        "start a new rotation"
        if state == "completed"
        else "what can be done now: " + ", ".join(allowed(rotation(strategy, first, state)))
    )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"strategy": Strategy.EMERGENCY}, "what comes first"),
        ({"first": First.REVOKE}, "only an emergency"),
        ({"reason": Reason.OTHER, "reason_text": " "}, "needs words"),
        ({"overlap": timedelta()}, "longer than nothing"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(Invalid, match=says) as invalid:
        Plan(**wrong)  # type: ignore[arg-type]  # the fields differ in type
    assert invalid.value.hint
