"""Rotations, verb by verb."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from keytui.domain.rotation import Rotation
from keytui.domain.secrets import Secret
from keytui.domain.verdict import Assessment
from keytui.server.asking import Asked, Changed, Limit, Offset, RotationId
from keytui.server.bodies import NO_NOTE, NO_OVERRIDE, Body, Note, Override
from keytui.server.route import VaultRoute
from keytui.vault.model import Delivery, Issued, Proof, RotationDetail
from keytui.vault.probed import Probed

rotations = APIRouter(prefix="/admin/rotations", tags=["rotations"], route_class=VaultRoute)


class Old(Body):
    old: Secret | None = None


_NOT_ASKED: Final = Old.model_construct()


class Pasted(Body):
    pasted: Secret


class Delivered(Body):
    delivery: Delivery


class Answered(Body):
    probed: Probed


class Waive(Body):
    subject: str
    why: str


@rotations.get("")
def listed(vault: Asked, *, open_only: bool = False, limit: Limit = 100, offset: Offset = 0) -> tuple[Rotation, ...]:
    """Rotations, newest first."""
    return vault.rotations(open_only, offset, limit)


@rotations.get("/{rotation_id}")
def detail(vault: Asked, rotation_id: RotationId) -> RotationDetail:
    """All of one rotation, with its verdict if it has one."""
    return vault.rotation(rotation_id)


@rotations.get("/{rotation_id}/verdict")
def verdict(vault: Asked, rotation_id: RotationId) -> Assessment:
    """Whether the old version may be suspended, or once it is, revoked; and why."""
    return vault.verdict(rotation_id)


@rotations.post("/{rotation_id}/proof")
def proof(vault: Asked, rotation_id: RotationId, asked: Old = _NOT_ASKED) -> Proof:
    """What shows that the new version works and the old one does not; asked with `old` if it is given."""
    return vault.proof(rotation_id, asked.old)


@rotations.post("/{rotation_id}/issue")
def issue(vault: Changed, rotation_id: RotationId) -> Issued:
    """Issue the next version. Its secret is told this once."""
    return vault.issue(rotation_id)


@rotations.post("/{rotation_id}/reissue")
def reissue(vault: Changed, rotation_id: RotationId) -> Issued:
    """Revoke the version that nobody got, and issue another."""
    return vault.reissue(rotation_id)


@rotations.post("/{rotation_id}/prove")
def prove(vault: Changed, rotation_id: RotationId, asked: Pasted) -> Rotation:
    """The new secret, pasted back, proves possession: the hand-over is done.

    Where the old version is over by then the rotation is completed, or `proving` while a system lets that in.
    """
    return vault.prove(rotation_id, asked.pasted)


@rotations.post("/{rotation_id}/handed-over")
def handed_over(vault: Changed, rotation_id: RotationId, asked: Delivered) -> Rotation:
    """The secret went out by a way that cannot be pasted back: the hand-over is done."""
    return vault.handed_over(rotation_id, asked.delivery)


@rotations.post("/{rotation_id}/deliver")
def deliver(vault: Changed, rotation_id: RotationId, asked: Delivered) -> Rotation:
    """Note one delivery, or a failed one; the hand-over stays open."""
    return vault.deliver(rotation_id, asked.delivery)


@rotations.post("/{rotation_id}/retire")
def retire(vault: Changed, rotation_id: RotationId, asked: Override = NO_OVERRIDE) -> Rotation:
    """Suspend the old version. Refused without SAFE, unless `override` says why."""
    return vault.retire(rotation_id, asked.override)


@rotations.post("/{rotation_id}/restore")
def restore(vault: Changed, rotation_id: RotationId) -> Rotation:
    """Accept the suspended version again."""
    return vault.restore(rotation_id)


@rotations.post("/{rotation_id}/revoke-old")
def revoke_old(vault: Changed, rotation_id: RotationId, asked: Override = NO_OVERRIDE) -> Rotation:
    """Revoke the old version where nothing suspends it first; the rotation stays open until it is completed."""
    return vault.revoke_old(rotation_id, asked.override)


@rotations.post("/{rotation_id}/complete")
def complete(vault: Changed, rotation_id: RotationId, asked: Override = NO_OVERRIDE) -> Rotation:
    """Revoke the old version, unless it is. Needs SAFE (where it was suspended a second one), or `override`."""
    return vault.complete(rotation_id, asked.override)


@rotations.post("/{rotation_id}/rollback")
def rollback(vault: Changed, rotation_id: RotationId, asked: Note = NO_NOTE) -> Rotation:
    """Revoke the new version, and go on with the old one."""
    return vault.rollback(rotation_id, asked.note)


@rotations.post("/{rotation_id}/abandon")
def abandon(vault: Changed, rotation_id: RotationId, asked: Note = NO_NOTE) -> Rotation:
    """Give up before anything was handed over."""
    return vault.abandon(rotation_id, asked.note)


@rotations.post("/{rotation_id}/waive")
def waive(vault: Changed, rotation_id: RotationId, asked: Waive) -> Rotation:
    """Set one finding of the verdict aside by its subject."""
    return vault.waive(rotation_id, asked.subject, asked.why)


@rotations.post("/{rotation_id}/note")
def leave_note(vault: Changed, rotation_id: RotationId, asked: Note = NO_NOTE) -> Rotation:
    """The hand-over note for whoever comes next."""
    return vault.leave_note(rotation_id, asked.note)


@rotations.post("/{rotation_id}/probed")
def note_probed(vault: Changed, rotation_id: RotationId, asked: Answered) -> Rotation:
    """Keep in the log what a system said, asked with one of the rotation's versions."""
    return vault.note_probed(rotation_id, asked.probed)


@rotations.post("/{rotation_id}/take-over")
def take_over(vault: Changed, rotation_id: RotationId) -> Rotation:
    """Hold the rotation from now on."""
    return vault.take_over(rotation_id)
