"""Two processes of one name at one target: nobody goes back under a delivery that is still on its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from keytui.domain.errors import Refused
from keytui.domain.keys import Key, KeyDraft
from keytui.domain.rotation import Plan, Rotation, RotationState
from keytui.domain.secrets import Secret
from keytui.vault.deliveries import LONGEST_DELIVERY
from keytui.vault.delivering import Delivering
from keytui.vault.model import Delivery, Issued
from tests.contract.acts import request
from tests.unit.vault.shop import Died, Place, Shop


@dataclass
class Slow(Place):
    """A place where something happens while it is given a secret."""

    meanwhile: Callable[[], object] | None = None

    def deliver(self, key: Key, version: int, secret: Secret) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        super().deliver(key, version, secret)


@dataclass
class Rotated:
    """A key that was issued a second version, on its way to one place."""

    shop: Shop
    place: Slow

    def __post_init__(self) -> None:
        created = self.shop.vault.create(KeyDraft("shop", "production", targets=(self.place.name,)), request())
        self.key, self.place.holds = created.key, created.secret
        self.rotation: Rotation = self.shop.vault.plan(self.key.id, Plan(), request())
        self.issued: Issued = self.shop.vault.issue(self.rotation.id)

    def run(self) -> Delivering:
        """As another process of the same name has it."""
        return Delivering(self.shop.vault, self.key, [self.place], self.shop.clock)

    def hand_over(self) -> RotationState:
        return self.run().hand_over(self.rotation, self.issued.version, self.issued.secret).state


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = Shop.open(tmp_path / "vault")
    yield opened
    opened.close()


@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize("back", ["put back", "resume", "by hand"])
def test_nobody_goes_back_under_a_delivery(shop: Shop, readable: bool, back: str) -> None:
    place = Slow("env", readable=readable, reversible=True)
    one = Rotated(shop, place)
    told = list[str]()

    def go_back() -> None:
        ways: dict[str, Callable[[], object]] = {
            "put back": lambda: one.run().put_back(one.rotation),
            "resume": lambda: one.run().resume(one.rotation),
            "by hand": lambda: shop.vault.deliver(
                one.rotation.id, Delivery("env", "failed", shop.clock(), None, "put back by hand")
            ),
        }
        with pytest.raises(Refused) as refused:
            ways[back]()
        told.append(refused.value.message)
        with pytest.raises(Refused, match="env may hold v2"):
            shop.vault.abandon(one.rotation.id, "")

    place.meanwhile = go_back
    assert one.hand_over() is RotationState.OVERLAPPING
    assert place.holds == one.issued.secret
    assert "another process is at env with rotation #1" in told[0]


def test_who_died_under_a_delivery_is_waited_for_and_going_forward_is_free(shop: Shop) -> None:
    place = Slow("env", reversible=True)
    one = Rotated(shop, place)
    begun = Delivery("env", "begun", shop.clock(), one.issued.version.fingerprint, run="gone")
    shop.vault.deliver(one.rotation.id, begun)

    with pytest.raises(Refused, match="or died there"):
        one.run().put_back(one.rotation)
    shop.clock.advance(LONGEST_DELIVERY)
    assert one.run().put_back(one.rotation) == ()

    shop.vault.deliver(one.rotation.id, begun)
    assert one.hand_over() is RotationState.OVERLAPPING


def test_who_was_interrupted_says_so_and_may_go_back_at_once(shop: Shop) -> None:
    place = Slow("env", reversible=True, meanwhile=_die)
    one = Rotated(shop, place)
    with pytest.raises(Died):
        one.hand_over()

    assert one.run().put_back(one.rotation) == ()
    assert shop.vault.abandon(one.rotation.id, "").state is RotationState.ABANDONED


def _die() -> None:
    raise Died
