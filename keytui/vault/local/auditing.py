"""The audit log for those who must trust it from outside: verified, signed, and told to an auditor."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from keytui.domain.audit import AuditCheck
from keytui.domain.errors import Refused
from keytui.vault.local.ledger import head_of
from keytui.vault.local.section import Section
from keytui.vault.local.story import Json, canonical, moment, story
from keytui.vault.model import AuditExtract, Checkpoint


class Auditing(Section):
    """The chain and its signatures."""

    def verify_audit(self, kept: Sequence[Checkpoint] = ()) -> AuditCheck:
        with self._reading() as session:
            return self._ground.ledger.verify(session, kept)

    def checkpoint(self) -> Checkpoint:
        with self._reading() as session:
            return self._signed_head(session)

    def audit_extract(
        self, key_id: str, rotation_id: int | None = None, *, with_addresses: bool = False
    ) -> AuditExtract:
        ledger = self._ground.ledger
        with self._reading() as session:
            head = self._signed_head(session)
            told = story(session, ledger, key_id, rotation_id, with_addresses)
        made: dict[str, Json] = {"at": moment(head.at), "by": str(self._ground.principal.actor)}
        end: Json = {"sequence": head.sequence, "hash": head.hash, "signature": head.signature.hex()}
        document = canonical({**told, "made": made, "head": end})
        signature = ledger.sign(f"keytui evidence {document}".encode())
        return AuditExtract(document, signature.hex(), ledger.public_key.hex())

    def _signed_head(self, session: Session) -> Checkpoint:
        ledger = self._ground.ledger
        if not ledger.goes_on(session):  # a signature would make a log good that was tampered with
            raise Refused("the log does not hold the head that was kept of it", "see what: keytui audit verify")
        return ledger.signed(head_of(session), self._clock())
