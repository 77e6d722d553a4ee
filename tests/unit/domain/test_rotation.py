"""The rotation state machine: walked at random on every path, with a small model of a key's versions beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


class Walk:
    """Versions as a vault keeps them; every verb that may follow is applied as `move` says, and every other refused."""

    def __init__(self, path: tuple[Strategy, First | None], lives: int | None) -> None:
        self.now = NOON
        self.rotation = rotation(*path)
        self.key = Key("key-1", "checkout", "production", NOON, expires_at=NOON + lives * DAY if lives else None)
        self.versions = {1: Version(1, VersionState.ACTIVE, NOON)}
        self.original_expiry = self.key.expires_at

    def go_on(self, choice: int) -> None:
        verbs = allowed(self.rotation)
        for verb in set(Verb) - set(verbs):
            with pytest.raises(Refused) as refused:
                move(self.rotation, verb)
            assert refused.value.hint
        if verbs:
            verb = verbs[choice % len(verbs)]
            self._apply(verb, move(self.rotation, verb))

    def let_time_pass(self, days: int) -> None:
        before = (self.rotation, dict(self.versions), allowed(self.rotation))
        self.now += days * DAY
        assert before == (self.rotation, self.versions, allowed(self.rotation))

    def put_the_expiry_off(self) -> None:
        if self.key.expires_at is not None:
            self.key = replace(self.key, expires_at=self.now + 60 * DAY)

    def check(self) -> None:
        accepted = [version for version in self.versions.values() if self.key.accepts(version, self.now)]
        active = [version for version in self.versions.values() if version.state is VersionState.ACTIVE]
        assert bool(active) == (self.rotation.state is not RotationState.REVOKED)
        if self.key.expires_at is None or self.now < self.key.expires_at:
            assert bool(accepted) == bool(active)
        graces = [version for version in accepted if version.state is VersionState.OUTGOING]
        assert not graces or self.original_expiry is None or self.now < self.original_expiry
        if not self.rotation.open:
            assert allowed(self.rotation) == ()
            assert {version.state for version in self.versions.values()} <= {VersionState.ACTIVE, VersionState.REVOKED}
            assert len(active) == 1

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


@pytest.mark.parametrize("path", PATHS)
@given(
    lives=st.none() | st.integers(1, 40),
    steps=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.booleans()), min_size=4, max_size=12),
)
def test_no_walk_loses_the_key(
    path: tuple[Strategy, First | None], lives: int | None, steps: list[tuple[int, int, bool]]
) -> None:
    """Always an accepted version, in an emergency that revokes first but for the moment that the operator chose."""
    walk = Walk(path, lives)
    for choice, days, put_off in steps:
        revoked = {n: version for n, version in walk.versions.items() if version.state is VersionState.REVOKED}
        walk.go_on(choice)
        walk.check()
        walk.let_time_pass(days)
        if put_off:
            walk.put_the_expiry_off()
        walk.check()
        assert revoked.items() <= walk.versions.items()


@pytest.mark.parametrize("path", PATHS)
def test_every_state_of_a_path_is_left_or_closed(path: tuple[Strategy, First | None]) -> None:
    reached = {RotationState.PLANNED} | {state for found in MOVES[path].values() for state in found.states[-1:]}
    for state in reached:
        assert rotation(*path, state=state).open == bool(allowed(rotation(*path, state=state)))


def test_rolling_goes_the_way_that_the_design_names() -> None:
    passed, old = ["planned"], []
    for verb in (Verb.ISSUE, Verb.DELIVER, Verb.RETIRE, Verb.COMPLETE):
        found = move(rotation(state=passed[-1]), verb)
        passed += found.states
        old.append(found.old)
    assert passed == ["planned", "issued", "delivered", "overlapping", "suspended", "completed"]
    assert old == [VersionState.OUTGOING, None, VersionState.SUSPENDED, VersionState.REVOKED]


def test_restoring_takes_a_suspension_back() -> None:
    found = move(rotation(state="suspended"), Verb.RESTORE)
    assert (found.states, found.old) == ((RotationState.OVERLAPPING,), VersionState.OUTGOING)


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
