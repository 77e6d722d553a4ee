"""The log, for those who must trust it from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from keytui.domain.audit import AuditCheck
from keytui.vault.model import AuditExtract, Checkpoint


class Auditing(Protocol):
    """The log, for those who must trust it from outside."""

    def verify_audit(self, kept: Sequence[Checkpoint] = ()) -> AuditCheck:
        """Recompute the whole chain and its signed checkpoints, and see that those `kept` elsewhere are still in it."""
        ...

    def checkpoint(self) -> Checkpoint:
        """The log's head now, signed, to be kept elsewhere."""
        ...

    def audit_extract(
        self, key_id: str, rotation_id: int | None = None, *, with_addresses: bool = False
    ) -> AuditExtract:
        """All of one rotation of a key (the newest when none is named), in a form that an outsider can verify.

        Addresses of callers are left out unless they are asked for. NotFound when the key has no such rotation.
        """
        ...
