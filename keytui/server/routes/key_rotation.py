"""One key's rotation, without asking for its number first."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends

from keytui.domain.errors import AlreadyDone
from keytui.domain.rotation import Plan, Rotation, RotationState
from keytui.server.asking import Asked, Changed, KeyId, Repeat
from keytui.server.bodies import NO_NOTE, NO_OVERRIDE, Body, Note, Override
from keytui.server.route import VaultRoute
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued, Rehearsal

key_rotation = APIRouter(prefix="/admin/keys/{key_id}", tags=["rotations"], route_class=VaultRoute)


class Rotate(Body):
    plan: Plan = Plan()
    request_id: str = ""


_BY_POLICY: Final = Rotate.model_construct()


class Planned(Body):
    plan: Plan
    request_id: str


class Rehearse(Body):
    plan: Plan = Plan()


_AS_PLANNED: Final = Rehearse.model_construct()


@key_rotation.post("/rotate")
def rotate(vault: Asked, repeat: Annotated[Repeat, Depends()], key_id: KeyId, asked: Rotate = _BY_POLICY) -> Issued:
    """Plan a rotation and issue the next version in one go. Its secret is told this once."""
    repeatable = repeat.of(vault)
    try:
        rotation_id = vault.plan(key_id, asked.plan, asked.request_id or repeat.request_id).id
    except AlreadyDone as done:
        repeat.of(vault)  # raises when another has carried it out meanwhile
        rotation_id = _cut_off(vault, key_id, done)
    return repeatable.issue(rotation_id)


def _cut_off(vault: LocalVault, key_id: str, done: AlreadyDone) -> int:
    """The rotation that a server planned before it died. Raises what says that it went on, if it did."""
    rotation = vault.rotation(int(done.reference)).rotation
    if rotation.key_id != key_id or rotation.state not in {RotationState.PLANNED, RotationState.REVOKED}:
        raise done
    return rotation.id


@key_rotation.post("/rehearsal")
def rehearse(vault: Asked, key_id: KeyId, asked: Rehearse = _AS_PLANNED) -> Rehearsal:
    """What rotating would meet. Nothing is written."""
    return vault.rehearse(key_id, asked.plan)


@key_rotation.get("/rotation", responses={204: {"description": "No rotation is open."}})
def open_rotation(vault: Asked, key_id: KeyId) -> Rotation | None:
    """The key's open rotation."""
    return vault.open_rotation(key_id)


@key_rotation.post("/rotations", status_code=201)
def plan(vault: Changed, key_id: KeyId, asked: Planned) -> Rotation:
    """Open a rotation, without issuing yet."""
    return vault.plan(key_id, asked.plan, asked.request_id)


@key_rotation.post("/retire")
def retire(vault: Changed, key_id: KeyId, asked: Override = NO_OVERRIDE) -> Rotation:
    """Suspend the old version. Refused without SAFE, unless `override` says why."""
    return vault.retire(vault.open_rotation_to_end(key_id), asked.override)


@key_rotation.post("/restore")
def restore(vault: Changed, key_id: KeyId) -> Rotation:
    """Accept the suspended version again."""
    return vault.restore(vault.open_rotation_to_end(key_id))


@key_rotation.post("/complete")
def complete(vault: Changed, key_id: KeyId, asked: Override = NO_OVERRIDE) -> Rotation:
    """Revoke the suspended version. Needs a second SAFE, or `override`."""
    return vault.complete(vault.open_rotation_to_end(key_id), asked.override)


@key_rotation.post("/rollback")
def rollback(vault: Changed, key_id: KeyId, asked: Note = NO_NOTE) -> Rotation:
    """Revoke the new version, and go on with the old one."""
    return vault.rollback(vault.open_rotation_to_end(key_id), asked.note)
