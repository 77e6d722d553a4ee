"""An operator steps into an automatic rotation, at any of its calls: nobody is left without a key that works."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from keytui.domain.audit import Actor
from keytui.domain.automation import Selection, What
from keytui.domain.errors import Refused
from keytui.domain.keys import Key
from keytui.domain.rotation import Rotation, RotationState
from keytui.vault.auto_rotation_turn import LENGTH
from keytui.vault.deliveries import PUTTING_BACK, may_hold
from keytui.vault.delivering import Delivering
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Delivery
from tests.unit.vault.shop import Death, Place, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = Shop.open(tmp_path / "vault")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One vault for all of them: each brings a key of its own."""
    opened = Shop.open(tmp_path_factory.mktemp("street") / "vault")
    yield opened
    opened.close()


def somebody(shop: Shop, name: str) -> LocalVault:
    """The same vault, as another user has it."""
    return shop.vault.acting_as(replace(shop.vault.principal(), actor=Actor(name, "bastion-3")))


def going_back(shop: Shop, bob: LocalVault) -> Iterator[str]:
    """What `keytui rollback` and `abandon` do, cut between all of their steps. It stops where it is refused."""
    rotation = bob.open_rotation(shop.key_id)
    if rotation is None or rotation.new_version is None:
        return
    (place,) = shop.places
    try:
        bob.take_over(rotation.id)
        yield "taken over"
        detail = bob.rotation(rotation.id)
        assert detail.new is not None
        if detail.rotation.state is RotationState.SUSPENDED:
            bob.restore(rotation.id)
            yield "restored"
        if place.name in may_hold(detail.deliveries, detail.new.fingerprint):
            begun = Delivery(place.name, "begun", shop.clock(), detail.new.fingerprint, PUTTING_BACK)
            bob.deliver(rotation.id, begun)
            yield "begun"
            place.roll_back(shop.vault.find(shop.key_id), detail.new.number)
            yield "put back"
            bob.deliver(rotation.id, Delivery(place.name, "failed", shop.clock(), None, "put back"))
            yield "told"
        delivered = bob.rotation(rotation.id).rotation.state is not RotationState.ISSUED
        (bob.rollback if delivered else bob.abandon)(rotation.id, "")
    except Refused:
        return


@pytest.mark.parametrize("hours", [24, 48], ids=["as it begins", "as it ends"])
def test_an_operator_may_go_back_at_any_call_of_a_run(street: Shop, hours: int) -> None:
    """Up to the word that a target was put back in the middle of the run, the rest after it. Each call has its turn."""
    at, calls = 0, 1
    while at < calls:
        at += 1
        street.furnish(Place("env", readable=False, reversible=True), name=f"{hours}-{at}")
        street.pass_(24)
        if hours == 48:
            street.run()
            street.pass_(24)
        steps = going_back(street, somebody(street, "bob"))
        death = Death()

        def step_in(death: Death = death, steps: Iterator[str] = steps, at: int = at) -> None:
            if death.calls == at:
                next((step for step in steps if step == "put back"), None)

        death.watch = step_in
        street.run(death)
        calls = death.calls
        for _ in steps:
            street.see_that_nobody_is_cut_off()

        street.see_that_nobody_is_cut_off()
        street.vault.disable_auto_rotation(Selection(street.key_id))
    assert calls > 5


def test_nobody_steps_in_while_a_target_is_delivered_to(shop: Shop) -> None:
    class Watched(Place):
        def deliver(self, *what: object) -> None:
            with pytest.raises(Refused, match=r"auto-rotation@.* is at env with rotation #1, since") as refused:
                bob.take_over(1)
            told.append(refused.value.hint)
            super().deliver(*what)  # type: ignore[arg-type]  # passed on as they came

    bob, told = somebody(shop, "bob"), list[str]()
    shop.furnish(Watched("env"))
    shop.pass_(24)

    report = shop.run()

    assert report is not None
    assert [one.what for one in report.outcomes] == [What.ROTATED]
    assert "nobody's any more at" in told[0]
    assert bob.take_over(1).holder == "bob@bastion-3"


def test_who_died_at_a_target_keeps_nobody_out_for_long(shop: Shop) -> None:
    shop.furnish(Place("env"))
    shop.pass_(24)
    death = Death()
    death.watch = lambda: setattr(death, "at", death.calls if begun(shop) else None)
    assert shop.run(death) is None
    bob = somebody(shop, "bob")
    with pytest.raises(Refused, match="is at env"):
        bob.take_over(1)

    shop.clock.advance(LENGTH)

    assert bob.take_over(1).holder == "bob@bastion-3"


def begun(shop: Shop) -> bool:
    """Whether a target is being delivered to."""
    rotation = shop.vault.open_rotation(shop.key_id)
    return rotation is not None and bool(shop.vault.rotation(rotation.id).deliveries)


def test_a_run_takes_nothing_back_from_an_operator(shop: Shop) -> None:
    """Between two targets: the second one is not delivered to, and nothing is handed over."""

    bob = somebody(shop, "bob")
    first, second = Place("a"), Place("b")
    shop.furnish(first, second)
    shop.pass_(24)
    death = Death()

    def step_in() -> None:
        rotation = bob.open_rotation(shop.key_id)
        if rotation is None or rotation.holder.startswith("bob"):
            return
        if [one.state for one in bob.rotation(rotation.id).deliveries] == ["begun", "proven"]:
            bob.take_over(rotation.id)

    death.watch = step_in
    report = shop.run(death)

    assert report is not None
    assert [one.note for one in report.outcomes] == ["bob@bastion-3 holds rotation #1"]
    assert (first.delivered, second.delivered) == (1, 0)
    assert bob.rotation(1).rotation.state is RotationState.ISSUED


def test_the_old_version_is_accepted_again_before_a_target_is_given_it(shop: Shop) -> None:
    class Watched(Place):
        def roll_back(self, key: Key, version: int) -> None:
            super().roll_back(key, version)
            shop.see_that_nobody_is_cut_off()

    key = shop.furnish(Watched("env", reversible=True))
    shop.pass_(24)
    shop.run()
    shop.pass_(24)
    shop.run()
    assert shop.accepted() == [2]

    assert Delivering(shop.vault, key, shop.places, shop.clock, lambda: None).put_back(rotation_of(shop)) == ()

    assert shop.vault.rollback(1, "").state is RotationState.ROLLED_BACK
    assert shop.accepted() == [1]
    shop.see_that_nobody_is_cut_off()


def test_the_old_version_stays_where_a_target_was_given_it_again(shop: Shop) -> None:
    """Whoever put it back died before rolling back, and nobody has used it since."""
    key = shop.furnish(Place("env", reversible=True))
    shop.pass_(24)
    shop.run()
    shop.pass_(24)
    Delivering(shop.vault, key, shop.places, shop.clock, lambda: None).put_back(rotation_of(shop))

    with pytest.raises(Refused, match="env may hold v1 of shop again"):
        shop.vault.retire(1)

    assert shop.vault.retire(1, "it was delivered again by hand").state is RotationState.SUSPENDED


def test_a_word_that_is_late_does_not_count(shop: Shop) -> None:
    """It was put back, and another has delivered again before that was told."""
    place = Place("env", readable=False, reversible=True)
    key = shop.furnish(place)
    shop.pass_(24)
    shop.run()
    bob, cleo = somebody(shop, "bob"), somebody(shop, "cleo")

    class Slow(Place):
        def roll_back(self, key: Key, version: int) -> None:
            shop.clock.advance(LENGTH)
            cleo.take_over(1)

    slow = Slow("env", readable=False, reversible=True)
    with pytest.raises(Refused, match="cleo@bastion-3 holds rotation #1, and may have delivered since"):
        Delivering(bob, key, [slow], shop.clock, lambda: None).put_back(rotation_of(shop))

    with pytest.raises(Refused, match="env may hold v2"):
        bob.rollback(1, "")


def rotation_of(shop: Shop) -> Rotation:
    """The key's open one."""
    rotation = shop.vault.open_rotation(shop.key_id)
    assert rotation is not None
    return rotation
