"""A secret on its way to several places: what is told, what stands where after a failure, and the ways on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Refused, Unreachable
from keytui.domain.keys import Key, KeyDraft
from keytui.domain.rotation import First, Plan, Reason, Rotation, RotationState, Strategy
from keytui.domain.secrets import Secret, fingerprint
from keytui.targets.target import Abilities
from keytui.vault.deliveries import may_hold
from keytui.vault.delivering import Delivering
from keytui.vault.first_delivery import deliver_first
from keytui.vault.model import Delivery, Issued
from keytui.vault.progress import Choice, Holds, Told, Undelivered, What
from keytui.vault.ways_on import skip, stands_of, ways_on
from tests.contract.acts import request
from tests.unit.vault.shop import Place, Shop

RELUCTANT = "the second variable cannot be written"


@dataclass
class Both(Place):
    """A place whose consumers carry the former secret too."""

    former: Secret | None = None
    stubborn: bool = False

    @property
    def abilities(self) -> Abilities:
        return Abilities(reads_back=True, rolls_back=True, carries_both=True)

    def deliver(self, key: Key, version: int, secret: Secret) -> None:
        self.former = self.holds
        super().deliver(key, version, secret)

    def read_previous(self, key: Key) -> Secret | None:
        return self.former

    def settle(self, key: Key, version: int) -> None:
        if self.stubborn:
            raise Refused(RELUCTANT, "see who holds it")
        self.former = None


@dataclass
class Stale(Place):
    """A store that answers once with what stood there before the delivery."""

    fresh: bool = False

    def read_back(self, key: Key) -> Secret | None:
        stale = bool(self.delivered) and not self.fresh
        self.fresh = self.fresh or stale
        return self.before if stale else self.holds


@dataclass
class Round:
    """One rotation of a key with these places."""

    shop: Shop
    places: Sequence[Place]
    plan: Plan = field(default_factory=Plan)
    told: list[Told] = field(default_factory=list)

    def __post_init__(self) -> None:
        targets = tuple(place.name for place in self.places)
        created = self.shop.vault.create(KeyDraft("shop", "production", targets=targets), request())
        self.key = created.key
        for place in self.places:
            place.holds = created.secret
        self.rotation = self.shop.vault.plan(self.key.id, self.plan, request())
        self.issued: Issued = self.shop.vault.issue(self.rotation.id)

    @property
    def delivering(self) -> Delivering:
        return Delivering(self.shop.vault, self.key, list(self.places), self.shop.clock, tell=self.told.append)

    def hand_over(self) -> Rotation:
        return self.delivering.hand_over(self.rotation, self.issued.version, self.issued.secret)

    def fails(self) -> Undelivered:
        with pytest.raises(Undelivered) as failed:
            self.hand_over()
        return failed.value

    def ways(self, target: str) -> dict[Choice, str]:
        return dict(ways_on(self.key, self.shop.vault.rotation(self.rotation.id), target))

    def skip(self, target: str) -> None:
        skip(self.shop.vault, self.key, self.rotation.id, target, self.shop.clock())

    def stands(self) -> dict[str, Holds]:
        found = stands_of(self.key, self.shop.vault.rotation(self.rotation.id))
        return {one.target: one.holds for one in found}

    def heard(self) -> list[tuple[str, What]]:
        """And forgotten."""
        heard = [(one.target, one.what) for one in self.told]
        self.told.clear()
        return heard


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = Shop.open(tmp_path / "vault")
    yield opened
    opened.close()


def test_everything_is_told_as_it_happens_and_a_retry_asks_only_who_has_not_got_it(shop: Shop) -> None:
    env, ci, store = places = (Place("env"), Place("ci", readable=False, fault="refuses"), Place("store"))
    one = Round(shop, places)

    failed = one.fails()

    assert (failed.target, failed.message) == ("ci", "ci did not take the secret: ci refuses")
    assert [each.holds for each in failed.stands] == [Holds.YES, Holds.NO, Holds.NO]
    assert one.heard() == [("env", What.BEGINS), ("env", What.PROVEN), ("ci", What.BEGINS), ("ci", What.FAILED)]
    assert one.ways("ci") == dict.fromkeys(Choice, "")

    assert one.ways("env")[Choice.SKIP] == "it has the secret already"
    ci.fault = ""
    assert one.hand_over().state is RotationState.OVERLAPPING
    assert one.heard()[0] == ("env", What.HAS_IT)
    assert [place.delivered for place in (env, ci, store)] == [1, 2, 1]


def test_a_place_that_another_key_was_given_since_the_rehearsal_is_left_to_it(shop: Shop) -> None:
    env, ci = places = (Place("env"), Place("ci"))
    one = Round(shop, places)
    others = shop.vault.create(KeyDraft("search", "production"), request()).secret
    one.delivering.rehearse()
    old, ci.holds = ci.holds, others

    failed = one.fails()

    assert failed.target == "ci"
    assert "target ci holds v1 of search (production, " in failed.message
    assert (env.delivered, ci.delivered, ci.holds) == (1, 0, others)
    assert one.stands() == {"env": Holds.YES, "ci": Holds.NO}
    ci.holds = old
    assert one.hand_over().state is RotationState.OVERLAPPING


def test_a_vault_that_is_away_for_a_moment_tells_nothing_of_a_place(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was begun: what was told of the place before, perhaps that nobody knows, stays."""
    one = Round(shop, (Place("env"),))

    def away(*_: object) -> None:
        raise Unreachable("the vault is away", "try again")

    monkeypatch.setattr("keytui.vault.occupants.occupant", away)
    with pytest.raises(Unreachable):
        one.hand_over()
    assert shop.vault.rotation(one.rotation.id).deliveries == ()


def test_a_vault_that_is_away_is_no_fault_of_the_place_that_a_first_secret_goes_to(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued, place = shop.vault.create(KeyDraft("search", "production"), request()), Place("env")
    place.holds = Secret("whatever stands there")

    def away(*_: object) -> None:
        raise Unreachable("keys.example.com cannot be reached", "try again")

    monkeypatch.setattr("keytui.vault.occupants.occupant", away)
    with pytest.raises(Undelivered, match="the vault is away, so env was not written") as end:
        deliver_first(
            shop.vault, issued.key, [place], issued.version, issued.secret, clock=shop.clock, tell=lambda _: None
        )
    assert end.value.stands[0].said == "not written, the vault is away: keys.example.com cannot be reached"
    assert place.delivered == 0


def test_what_is_skipped_keeps_what_it_held_and_is_in_the_vault_as_such(shop: Shop) -> None:
    env, ci = places = (Place("env"), Place("ci", fault="away"))
    one = Round(shop, places)
    old = ci.holds
    one.fails()

    one.skip("ci")
    one.heard()
    assert one.hand_over().state is RotationState.OVERLAPPING

    assert one.heard() == [("ci", What.SKIPPED), ("env", What.HAS_IT)]
    assert (ci.holds, env.delivered) == (old, 1)
    detail = shop.vault.rotation(one.rotation.id)
    assert stands_of(one.key, detail)[1].skipped
    noted = shop.vault.audit(AuditFilter(type="delivery.noted"), 0, 10).entries
    assert any(entry.event.details.get("why") == "skipped: it keeps what it held" for entry in noted)


def test_what_may_have_got_it_is_skipped_without_forgetting_that(shop: Shop) -> None:
    ci = Place("ci", readable=False, fault="cut off after")
    one = Round(shop, (Place("env"), ci))
    assert [each.holds for each in one.fails().stands] == [Holds.YES, Holds.MAYBE]

    one.skip("ci")
    one.hand_over()

    detail = shop.vault.rotation(one.rotation.id)
    assert "ci" in may_hold(detail.deliveries, one.issued.version.fingerprint)
    with pytest.raises(Refused, match=r"may hold v2"):
        shop.vault.rollback(one.rotation.id, "")
    assert one.ways("ci")[Choice.RETRY].endswith("its secret was handed over")


def test_what_took_it_and_shows_the_former_secret_a_moment_later_may_hold_it(shop: Shop) -> None:
    one = Round(shop, (Stale("store"),))

    assert [each.holds for each in one.fails().stands] == [Holds.MAYBE]

    with pytest.raises(Refused, match="store may hold v2"):
        shop.vault.abandon(one.rotation.id, "from another machine")
    assert one.delivering.resume(one.rotation).state is RotationState.OVERLAPPING


@pytest.mark.parametrize(
    ("plan", "places", "why"),
    [
        (Plan(), ("ci",), "it is the last way by which anybody would receive the secret"),
        (Plan(Strategy.IMMEDIATE), ("env", "ci"), "v1 is revoked, and its consumers would be left with that"),
    ],
)
def test_what_would_do_harm_is_not_skipped(shop: Shop, plan: Plan, places: Sequence[str], why: str) -> None:
    one = Round(shop, [Place(name, fault="refuses" if name == "ci" else "") for name in places], plan)
    one.fails()
    with pytest.raises(Refused, match=why):
        one.skip("ci")
    assert one.stands()["ci"] is Holds.NO


def test_the_last_of_several_that_are_skipped_is_not(shop: Shop) -> None:
    one = Round(shop, [Place(name, fault="refuses") for name in ("a", "b")])
    one.fails()
    one.skip("a")
    one.fails()
    assert "last way" in one.ways("b")[Choice.SKIP]


NO_WAY_BACK = [Plan(Strategy.IMMEDIATE), Plan(Strategy.EMERGENCY, First.REVOKE, Reason.COMPROMISE)]


@pytest.mark.parametrize("plan", NO_WAY_BACK)
def test_a_lost_secret_is_replaced_where_it_stands_once_the_old_one_is_revoked(shop: Shop, plan: Plan) -> None:
    blind = Place("ci", readable=False)
    env, store = Place("env", reversible=True, fault="refuses"), Place("store", reversible=True)
    one = Round(shop, (blind, env, store), plan)
    one.fails()
    env.fault = ""
    store.fault = "refuses"

    with pytest.raises(Undelivered):
        one.delivering.resume(one.rotation)

    assert env.holds == blind.holds != one.issued.secret
    store.fault = ""
    assert one.delivering.resume(one.rotation).state is RotationState.COMPLETED
    assert env.holds == blind.holds == store.holds


@pytest.mark.parametrize("fault", ["away", "refuses"])
def test_whoever_has_what_was_lost_waits_for_no_target_that_fails(shop: Shop, fault: str) -> None:
    """Once another is issued, the lost one is refused."""
    env, blind = Place("env", fault="cut off before", readable=False), Place("ci", readable=False)
    one = Round(shop, (env, blind), Plan(Strategy.IMMEDIATE))
    shop.vault.deliver(one.rotation.id, Delivery("ci", "sent", shop.clock(), one.issued.version.fingerprint))
    shop.vault.deliver(one.rotation.id, Delivery("env", "failed", shop.clock(), None))
    blind.holds, env.fault = one.issued.secret, fault

    with pytest.raises(Refused):
        one.delivering.resume(one.rotation)

    new = shop.vault.rotation(one.rotation.id).new
    assert new is not None
    assert blind.holds is not None
    assert fingerprint(blind.holds.digest()) == new.fingerprint


def test_a_target_without_a_way_back_after_the_hand_over_is_named_with_a_way_that_exists(shop: Shop) -> None:
    one = Round(shop, (Place("ci", readable=False),))
    one.hand_over()
    one.told.clear()

    assert one.delivering.put_back(one.rotation) == ("ci",)

    assert one.told[-1].said == "ci may hold v2, and cannot put back what it held"
    assert f"by hand, then `keytui rollback {one.key.id} --yes`" in one.told[-1].hint


def test_going_back_before_the_hand_over_calls_no_secret_lost_and_names_one_way_out(shop: Shop) -> None:
    one = Round(shop, (Place("env", fault=""), Place("ci", readable=False, fault="cut off after")))
    one.fails()
    one.told.clear()

    assert "ci" in one.delivering.put_back(one.rotation)

    said = next(told for told in one.told if told.target == "ci")
    assert said.said == "ci may hold v2, and cannot put back what it held"
    assert said.hint == f"give it the secret of v1 by hand, then `keytui abandon {one.key.id} --yes`"


def test_what_somebody_else_put_into_a_target_is_left_alone_and_said(shop: Shop) -> None:
    env, untouched, empty = places = (Place("env"), Place("untouched"), Place("empty"))
    one = Round(shop, places)
    one.hand_over()
    old = untouched.before
    env.holds, untouched.holds, empty.holds = Secret("somebody else's value of today"), old, None
    one.heard()

    assert one.delivering.put_back(one.rotation) == ()

    assert one.heard() == [("env", What.LEFT_ALONE)]
    assert env.holds == Secret("somebody else's value of today")


@pytest.mark.parametrize(
    ("plan", "way_out"),
    [(Plan(), "go back to the old version"), (Plan(Strategy.IMMEDIATE), "nothing is left to be delivered")],
)
def test_nothing_is_skipped_once_it_is_handed_over(shop: Shop, plan: Plan, way_out: str) -> None:
    one = Round(shop, (Place("env"), Place("ci")), plan)
    one.hand_over()
    with pytest.raises(Refused, match="its secret was handed over") as refused:
        one.skip("ci")
    assert refused.value.hint == way_out


def test_what_every_target_took_is_not_issued_again_by_whoever_has_no_targets(shop: Shop) -> None:
    one = Round(shop, (Place("ci", readable=False),), Plan(Strategy.IMMEDIATE))
    shop.vault.deliver(one.rotation.id, Delivery("ci", "sent", shop.clock(), one.issued.version.fingerprint))

    with pytest.raises(Refused, match="ci may hold v2") as refused:
        shop.vault.reissue(one.rotation.id)

    assert "--resume` on the machine that has the targets" in refused.value.hint
    assert "abandon" not in refused.value.hint


def test_no_target_is_given_back_what_is_revoked(shop: Shop) -> None:
    env = Place("env", reversible=True)
    one = Round(shop, (env, Place("ci", fault="refuses")), Plan(Strategy.IMMEDIATE))
    one.fails()

    with pytest.raises(Refused, match="v1 of shop is revoked, and is put back nowhere") as refused:
        one.delivering.put_back(one.rotation)

    assert "--resume" in refused.value.hint
    assert env.holds == one.issued.secret


def test_a_hand_over_does_not_count_before_what_has_to_be_seen_to(shop: Shop) -> None:
    env = Place("env")
    one = Round(shop, (env,))

    def not_yet() -> None:
        raise Refused("a system lets the old one in")

    engine = Delivering(shop.vault, one.key, [env], shop.clock, before_counts=not_yet)
    with pytest.raises(Refused, match="lets the old one in"):
        engine.hand_over(one.rotation, one.issued.version, one.issued.secret)

    detail = shop.vault.rotation(one.rotation.id)
    assert (detail.rotation.state, one.stands()) == (RotationState.ISSUED, {"env": Holds.YES})
    assert one.delivering.resume(one.rotation).state is RotationState.OVERLAPPING


def test_a_place_that_does_not_let_go_of_the_former_secret_undoes_nothing(shop: Shop) -> None:
    one = Round(shop, (Both("web"), Both("worker", stubborn=True), Place("ci")))
    one.hand_over()
    shop.vault.retire(one.rotation.id, "a test")
    completed = shop.vault.complete(one.rotation.id, "a test")
    one.heard()

    assert one.delivering.settle(completed) == ("worker",)

    assert one.heard() == [("web", What.SETTLED), ("worker", What.NOT_SETTLED)]
    detail = shop.vault.rotation(one.rotation.id)
    assert detail.rotation.state is RotationState.COMPLETED
    assert [(each.target, each.detail) for each in detail.deliveries[-2:]] == [
        ("web", "carries the former secret no longer"),
        ("worker", f"still carries the former secret: {RELUCTANT}"),
    ]
