"""The targets of this machine, as commands meet them."""

from __future__ import annotations

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
    if left and not yes:
        raise Refused(
            f"{', '.join(left)} may hold v{rotation.new_version}, and cannot put back what it held before",
            "give it the old secret by hand, then say --yes; the rotation is as it was",
        )
