"""The targets of this machine, as commands meet them."""

from __future__ import annotations

from collections.abc import Iterable

from keytui.cli.output import remark
from keytui.clock import utc_now
from keytui.domain.errors import Refused
from keytui.domain.rotation import Rotation
from keytui.vault.protocol import Vault


def put_back_targets(vault: Vault, rotation: Rotation, yes: bool) -> None:
    """Before the new version is refused, its targets hold the old one again. Refused when one cannot, unless `yes`."""
    from keytui.vault.delivering import Delivering
    from keytui.vault.delivery_targets import load_targets
    from keytui.vault.profile import configuration_path

    key = vault.find(rotation.key_id)
    if not key.targets or rotation.new_version is None:
        return
    known = load_targets(configuration_path())
    here = [known[name] for name in key.targets if name in known]
    left = Delivering(vault, key, here, utc_now, lambda: None).put_back(rotation)
    unknown = tuple(name for name in key.targets if name not in known)
    for name in unknown:
        remark(f"target {name} is none of this machine: it may hold v{rotation.new_version}")
    if not (left or unknown):
        return
    if not yes:
        raise Refused(
            f"{', '.join((*left, *unknown))} may hold v{rotation.new_version}, and does not get back from here what it"
            " held before",
            "say it on the machine that has the target, or give it the old secret by hand and say --yes; the rotation"
            " stays open, and both versions are accepted",
        )
    _say_put_back(vault, rotation, (*left, *unknown))


def _say_put_back(vault: Vault, rotation: Rotation, names: Iterable[str]) -> None:
    """`--yes` is the operator's word for a target that nobody can ask: the vault has it, and goes on."""
    from keytui.vault.deliveries import may_hold
    from keytui.vault.model import Delivery

    detail = vault.rotation(rotation.id)
    holding = may_hold(detail.deliveries, detail.new.fingerprint if detail.new is not None else None)
    for name in (name for name in names if name in holding):
        vault.deliver(rotation.id, Delivery(name, "failed", utc_now(), None, "put back by hand, as --yes says"))


def resume_targets(vault: Vault, rotation: Rotation) -> Rotation | None:
    """Go on delivering, with the very secret that a target holds already. None where none of the key's holds any."""
    from keytui.vault.deliveries import may_hold
    from keytui.vault.delivering import Delivering
    from keytui.vault.delivery_targets import load_targets
    from keytui.vault.profile import configuration_path

    key, detail = vault.find(rotation.key_id), vault.rotation(rotation.id)
    if detail.new is None or not may_hold(detail.deliveries, detail.new.fingerprint).intersection(key.targets):
        return None
    known = load_targets(configuration_path())
    if missing := [name for name in key.targets if name not in known]:
        raise Refused(
            f"v{detail.new.number} is on its way to its targets, and {missing[0]} is none of this machine",
            "say it on the machine that has the targets; where auto-rotation is on, that goes on by itself",
        )
    return Delivering(vault, key, [known[name] for name in key.targets], utc_now, lambda: None).resume(rotation)
