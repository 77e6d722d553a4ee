"""Going back to a version that its issuer lets in no more is refused, and a rotation goes on without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from keytui.domain.errors import NotFound, Refused, Unreachable
from keytui.domain.rotation import Plan, Reason, Rotation, RotationState
from keytui.issuers.envlist import EnvListIssuer
from keytui.issuers.issuer import Listed, Mark
from keytui.vault.deliveries import PUTTING_BACK
from keytui.vault.model import Delivery
from tests.unit.vault.test_issuer_faults import World, a_world
from tests.world import NOON


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from a_world(tmp_path)


def vanish(world: World) -> None:
    """Somebody takes everything out of the allowlist by hand."""
    world.issuer.inner.path.write_text("API_KEYS=\n")


def refuse(world: World) -> None:
    world.issuer.inner.suspend(Mark(world.first.digest(), world.first.prefix()))


def revoke(world: World) -> None:
    world.issuer.inner.revoke(Mark(world.first.digest(), world.first.prefix()))


def opened(world: World) -> Rotation:
    rotation = world.vault.open_rotation(world.key.id)
    assert rotation is not None
    return rotation


def rolled_back(world: World) -> Rotation:
    return world.vault.rollback(opened(world).id, "does not work")


def abandoned(world: World) -> Rotation:
    return world.vault.abandon(opened(world).id, "does not work")


def stand(world: World, go_back: Callable[[World], Rotation]) -> None:
    """Where the way back is this one, with the new version in hands."""
    world.plan(Plan())
    if go_back is rolled_back:
        world.go_on(RotationState.OVERLAPPING)
    else:
        world.handed.append(world.vault.issue(opened(world).id).secret)


@pytest.mark.parametrize("go_back", [rolled_back, abandoned])
@pytest.mark.parametrize("lose", [vanish, refuse, revoke])
@pytest.mark.parametrize("synced", [True, False])
def test_what_was_taken_out_by_hand_is_not_gone_back_to(
    world: World, lose: Callable[[World], None], go_back: Callable[[World], Rotation], synced: bool
) -> None:
    lose(world)
    if synced:
        assert len(world.vault.sync("reserve").drifted) == 1
    stand(world, go_back)
    with pytest.raises(
        Refused, match=r"reserve does not accept v1 of orders any more: .* nobody would be let in"
    ) as no:
        go_back(world)
    way_on = "retire" if go_back is rolled_back else "rotate"
    assert f"go on with v2: `keytui {way_on} {world.key.id}" in no.value.hint
    assert world.accepts(world.handed[-1])


@pytest.mark.parametrize("lose", [vanish, refuse, revoke])
def test_the_rotation_goes_on_without_it(world: World, lose: Callable[[World], None]) -> None:
    lose(world)
    world.plan(Plan())
    world.go_on()
    assert world.vault.open_rotation(world.key.id) is None
    assert world.accepts(world.handed[-1])
    world.require_agreement()


def test_what_is_gone_there_is_not_let_in_again_by_restoring_it(world: World) -> None:
    vanish(world)
    world.plan(Plan())
    world.go_on(RotationState.SUSPENDED)
    for go_back in (world.vault.restore, lambda number: world.vault.rollback(number, "")):
        with pytest.raises(NotFound, match="reserve knows no such version"):
            go_back(opened(world).id)
    assert world.accepts(world.handed[-1])


def test_a_target_is_not_given_it_back_either(world: World) -> None:
    vanish(world)
    stand(world, rolled_back)
    new = world.vault.rotation(opened(world).id).new
    assert new is not None
    with pytest.raises(Refused, match="reserve does not accept v1"):
        world.vault.deliver(opened(world).id, Delivery("file", "begun", NOON, new.known_as, PUTTING_BACK))


@pytest.mark.parametrize("go_back", [rolled_back, abandoned])
def test_what_is_back_there_is_gone_back_to_whatever_the_last_sync_found(
    world: World, go_back: Callable[[World], Rotation]
) -> None:
    before = world.issuer.inner.path.read_text()
    vanish(world)
    world.vault.sync("reserve")
    world.issuer.inner.path.write_text(before)
    stand(world, go_back)
    assert not go_back(world).open
    assert world.accepts(world.first)
    world.require_agreement()


def cannot_tell(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    told = replace(world.issuer.abilities, lists=False)
    monkeypatch.setattr(EnvListIssuer, "abilities", told)


def is_away(monkeypatch: pytest.MonkeyPatch, _world: World) -> None:
    def away(_issuer: EnvListIssuer, _mark: Mark) -> Listed | None:
        raise Unreachable("nobody answers", "try again")

    monkeypatch.setattr(EnvListIssuer, "look_up", away)


@pytest.mark.parametrize("silent", [cannot_tell, is_away])
@pytest.mark.parametrize("go_back", [rolled_back, abandoned])
def test_where_the_issuer_cannot_say_the_last_sync_counts(
    world: World,
    go_back: Callable[[World], Rotation],
    silent: Callable[[pytest.MonkeyPatch, World], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vanish(world)
    world.vault.sync("reserve")
    stand(world, go_back)
    silent(monkeypatch, world)
    with pytest.raises(Refused, match=r"v1 of orders is unknown there, .* by the last sync of reserve"):
        go_back(world)
    assert world.accepts(world.handed[-1])


@pytest.mark.parametrize("silent", [cannot_tell, is_away])
@pytest.mark.parametrize("go_back", [rolled_back, abandoned])
def test_where_nobody_says_anything_against_it_it_is_gone_back_to(
    world: World,
    go_back: Callable[[World], Rotation],
    silent: Callable[[pytest.MonkeyPatch, World], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand(world, go_back)
    silent(monkeypatch, world)
    assert not go_back(world).open
    world.require_agreement()


def test_a_disabled_keys_rotation_is_rolled_back(world: World) -> None:
    """Its issuer refuses both, and that is what somebody wanted."""
    stand(world, rolled_back)
    world.vault.disable(world.key.id, "")
    assert rolled_back(world).state is RotationState.ROLLED_BACK
    world.vault.enable(world.key.id, "")
    world.require_agreement()


def test_the_whole_key_can_be_ended_then(world: World) -> None:
    vanish(world)
    stand(world, rolled_back)
    world.vault.revoke(world.key.id, None, Reason.OTHER, "begin anew")
    assert not world.accepts(world.handed[-1])
