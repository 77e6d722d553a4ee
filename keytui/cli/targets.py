"""The targets of this machine where a rotation ends: they hold the old secret again, or let go of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from keytui.cli.delivering import Telling, delivering
from keytui.cli.output import remark
from keytui.clock import utc_now
from keytui.domain.errors import Refused
from keytui.domain.rotation import Rotation, RotationState
from keytui.vault.protocol import Vault

if TYPE_CHECKING:
    from keytui.vault.outside import Outside


def put_back_targets(vault: Vault, around: Outside, rotation: Rotation, yes: bool) -> None:
    """Before the new version is refused, its targets hold the old one again. Refused when one cannot, unless `yes`."""
    if not around.key.targets or rotation.new_version is None:
        return
    left = delivering(vault, around, Telling()).put_back(rotation)
    for name in around.missing:
        remark(f"target {name} is none of this machine: it may hold v{rotation.new_version}")
    if not (left or around.missing):
        return
    if not yes:
        raise Refused(
            f"{', '.join((*left, *around.missing))} may hold v{rotation.new_version}, and does not get back from here"
            " what it held before",
            "say it on the machine that has the target, or give it the old secret by hand and say --yes; the rotation"
            " stays open, and both versions are accepted",
        )
    _say_put_back(vault, rotation, (*left, *around.missing))


def settle_targets(vault: Vault, around: Outside, rotation: Rotation, telling: Telling) -> None:
    """Once the old version is revoked, targets that carry both let go of it. A failure is said, and undoes nothing."""
    if rotation.state is RotationState.COMPLETED and around.targets:
        delivering(vault, around, telling).settle(rotation)


def _say_put_back(vault: Vault, rotation: Rotation, names: Iterable[str]) -> None:
    """`--yes` is the operator's word for a target that nobody can ask: the vault has it, and goes on."""
    from keytui.vault.deliveries import may_hold
    from keytui.vault.model import Delivery

    detail = vault.rotation(rotation.id)
    holding = may_hold(detail.deliveries, detail.new.known_as if detail.new is not None else None)
    for name in (name for name in names if name in holding):
        vault.deliver(rotation.id, Delivery(name, "failed", utc_now(), None, "put back by hand, as --yes says"))
