"""Keys that rotate by themselves: switched on and off, and what became of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from keytui.domain.automation import AutoRotation, AutoRotationReport, Selection
from keytui.domain.errors import Invalid
from keytui.server.asking import Asked, Changed
from keytui.server.bodies import Body
from keytui.server.route import VaultRoute

auto_rotation = APIRouter(prefix="/admin/keys/rotation", tags=["rotations"], route_class=VaultRoute)


class Which(Body):
    """One key, an environment's, or all when neither is named."""

    key_id: str = ""
    environment: str = ""

    @property
    def selection(self) -> Selection:
        if self.key_id and self.environment:
            raise Invalid("key_id and environment say two things", "give one of them")
        return Selection(self.key_id, self.environment)


class Enable(Which):
    """With how many days between two rotations."""

    interval_days: Annotated[float, Field(gt=0, le=3650, examples=[90])]
    keep_previous: bool = True


@auto_rotation.get("")
def listed(vault: Asked) -> tuple[AutoRotation, ...]:
    """Every key that rotates by itself, by name."""
    return vault.auto_rotations()


@auto_rotation.post("/enable")
def enable(vault: Changed, asked: Enable) -> AutoRotationReport:
    """Switch it on, or change its interval. A key without a target is refused: nobody would receive the secret."""
    interval = timedelta(days=asked.interval_days)
    return vault.enable_auto_rotation(asked.selection, interval, keep_previous=asked.keep_previous)


@auto_rotation.post("/disable")
def disable(vault: Changed, asked: Which) -> AutoRotationReport:
    """Switch it off. An open rotation stays open."""
    return vault.disable_auto_rotation(asked.selection)
