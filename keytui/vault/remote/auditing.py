"""The log, for those who must trust it from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from keytui.domain.audit import AuditCheck
from keytui.vault.model import AuditExtract, Checkpoint
from keytui.vault.remote.section import Section, key_path

_WHOLE_LOG: Final = 120.0
"""Seconds that the server may take to recompute it."""


class Auditing(Section):
    """Verified at the server, and compared with what is kept here."""

    def verify_audit(self, kept: Sequence[Checkpoint] = ()) -> AuditCheck:
        return self._line.ask(AuditCheck, "/admin/audit-logs/verify", {"kept": tuple(kept)}, _WHOLE_LOG)

    def checkpoint(self) -> Checkpoint:
        return self._line.get(Checkpoint, "/admin/audit-logs/checkpoint")

    def audit_extract(
        self, key_id: str, rotation_id: int | None = None, *, with_addresses: bool = False
    ) -> AuditExtract:
        query = {"with_addresses": str(with_addresses).lower()}
        if rotation_id is not None:
            query["rotation_id"] = str(rotation_id)
        return self._line.get(AuditExtract, key_path(key_id, "/evidence"), query, _WHOLE_LOG)
