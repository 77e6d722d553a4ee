"""Properties of whole rotations, on the real vault: whatever operators do, in whatever order."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytui.domain.errors import Refused
from keytui.domain.keys import Key, KeyState, VersionState
from keytui.domain.rotation import First, Plan, Rotation, RotationState, Strategy
from keytui.domain.secrets import Secret
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.vault.protocol import Vault
from tests.contract.acts import DAY, HOUR, created, request
from tests.contract.conftest import House
from tests.world import NOON

ACTS = ["issue", "reissue", "prove", "retire", "restore", "complete", "rollback", "abandon", "wait"]
PLANS = [
    Plan(),
    Plan(overlap=HOUR),
    Plan(Strategy.IMMEDIATE),
    Plan(Strategy.EMERGENCY, First.REVOKE),
    Plan(Strategy.EMERGENCY, First.REPLACE),
]
_numbers = count(1)
steady = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Operator:
    """Tries one act after another on one rotation, and takes a refusal for an answer."""

    def __init__(self, house: House, vault: Vault, rotation: Rotation) -> None:
        self._house = house
        self._vault = vault
        self._id = rotation.id
        self.secret = Secret("")

    def try_(self, act: str) -> None:
        try:
            getattr(self, f"_{act}")()
        except Refused:
            return

    def _issue(self) -> None:
        self.secret = self._vault.issue(self._id).secret

    def _reissue(self) -> None:
        self.secret = self._vault.reissue(self._id).secret

    def _prove(self) -> None:
        self._vault.prove(self._id, self.secret)

    def _retire(self) -> None:
        self._vault.retire(self._id, "override")

    def _restore(self) -> None:
        self._vault.restore(self._id)

    def _complete(self) -> None:
        self._vault.complete(self._id, "override")

    def _rollback(self) -> None:
        self._vault.rollback(self._id, "")

    def _abandon(self) -> None:
        self._vault.abandon(self._id, "")

    def _wait(self) -> None:
        self._house.clock.advance(5 * DAY)


def identity(key: Key) -> Key:
    """The key without what a rotation may change."""
    return replace(key, rotated_at=None, leaked=False)


@steady
@given(
    plan=st.sampled_from(PLANS),
    acts=st.lists(st.sampled_from(ACTS), max_size=12),
    disabled=st.booleans(),
    scopes=st.lists(st.sampled_from(["a", "b", "*"]), unique=True).map(tuple),
    expires=st.none() | st.integers(100, 300),
)
def test_a_rotation_keeps_what_a_key_is(
    *,
    standing_house: House,
    plan: Plan,
    acts: list[str],
    disabled: bool,
    scopes: tuple[str, ...],
    expires: int | None,
) -> None:
    vault, clock = standing_house.vault, standing_house.clock
    clock.now = NOON
    expires_at = None if expires is None else NOON + expires * DAY
    key = created(vault, f"key-{next(_numbers)}", scopes=scopes, expires_at=expires_at).key
    if disabled:
        key = vault.disable(key.id, "")
    operator = Operator(standing_house, vault, vault.plan(key.id, plan, request()))

    for act in acts:
        operator.try_(act)
        assert identity(vault.find(key.id)) == identity(key)


@steady
@given(overlap=st.sampled_from([None, HOUR]), acts=st.lists(st.sampled_from(ACTS), max_size=14))
def test_rolling_always_has_an_accepted_version_that_somebody_holds(
    *, standing_house: House, overlap: object, acts: list[str]
) -> None:
    vault = standing_house.vault
    standing_house.clock.now = NOON
    first = created(vault, f"key-{next(_numbers)}")
    plan = Plan() if overlap is None else Plan(overlap=HOUR)
    operator = Operator(standing_house, vault, vault.plan(first.key.id, plan, request()))

    for act in acts:
        operator.try_(act)
        versions = vault.detail(first.key.id).versions
        held = [version for version in versions if version.delivered_at is not None]
        assert any(version.accepted(standing_house.clock()) for version in held)
        secrets = [first.secret, operator.secret]
        assert any(vault.check(secret, [], UNKNOWN_CALLER).valid for secret in secrets)


@steady
@given(acts=st.lists(st.sampled_from(ACTS), max_size=12), days=st.integers(1, 3000))
def test_time_alone_changes_no_version_and_no_rotation(*, standing_house: House, acts: list[str], days: int) -> None:
    vault, clock = standing_house.vault, standing_house.clock
    clock.now = NOON
    key_id = created(vault, f"key-{next(_numbers)}").key.id
    rotation = vault.plan(key_id, Plan(), request())
    operator = Operator(standing_house, vault, rotation)
    for act in acts:
        operator.try_(act)
    before = vault.detail(key_id)

    clock.advance(days * DAY)

    after = vault.detail(key_id)
    assert (after.versions, after.rotations) == (before.versions, before.rotations)


@steady
@given(first=st.sampled_from([None, First.REVOKE]), acts=st.lists(st.sampled_from(ACTS), max_size=6))
def test_an_old_version_that_is_replaced_at_once_is_never_accepted_again(
    *, standing_house: House, first: First | None, acts: list[str]
) -> None:
    vault, clock = standing_house.vault, standing_house.clock
    clock.now = NOON
    issued = created(vault, f"key-{next(_numbers)}")
    strategy = Strategy.IMMEDIATE if first is None else Strategy.EMERGENCY
    rotation = vault.plan(issued.key.id, Plan(strategy, first), request())
    operator = Operator(standing_house, vault, rotation)
    clock.advance(DAY)
    operator.try_("issue")
    assert vault.find(issued.key.id).rotated_at == clock()

    for act in acts:
        operator.try_(act)
        assert not vault.check(issued.secret, [], UNKNOWN_CALLER).valid
        assert vault.check(operator.secret, [], UNKNOWN_CALLER).valid
        assert vault.find(issued.key.id).state(clock()) is KeyState.ACTIVE


@steady
@given(plan=st.sampled_from(PLANS), acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=14))
def test_a_closed_rotation_leaves_one_version_and_no_way_on(
    *, standing_house: House, plan: Plan, acts: list[str]
) -> None:
    vault = standing_house.vault
    standing_house.clock.now = NOON
    key_id = created(vault, f"key-{next(_numbers)}").key.id
    rotation = vault.plan(key_id, plan, request())
    operator = Operator(standing_house, vault, rotation)
    for act in [*acts, "issue", "prove", "retire", "complete"]:
        operator.try_(act)

    detail = vault.detail(key_id)

    assert detail.rotations[0].state in {
        RotationState.COMPLETED,
        RotationState.ROLLED_BACK,
        RotationState.ABANDONED,
    }
    states = [version.state for version in detail.versions]
    assert states.count(VersionState.ACTIVE) == 1
    assert set(states) <= {VersionState.ACTIVE, VersionState.REVOKED}
    assert detail.summary.rotation_id is None
