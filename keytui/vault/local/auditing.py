"""The audit log for those who must trust it from outside: verified, signed, and told to an auditor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlmodel import Session

from keytui.domain.access import Operation, Role
from keytui.domain.audit import AuditCheck, Event
from keytui.domain.errors import Forbidden, Refused
from keytui.vault.local.backup.state import reconciled_beyond, refuse_unreconciled
from keytui.vault.local.keys.drafts import checked_note
from keytui.vault.local.log_head import head_of
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

    def accept_restore(self, note: str) -> int:
        """As `Restorable` says. Who can write the files could do so without a word; here the log tells of it."""
        note, ledger = checked_note(note), self._ground.ledger
        if self._ground.principal.role is not Role.LOCAL:
            raise Forbidden("only the owner of the vault's files says that it was restored", "say it on the host")
        here = Auditing(replace(self._ground, reconciling=True))
        with here._writing(Operation.ERASE) as write:
            refuse_unreconciled(write.session, None)
            lost = ledger.beyond_the_end(write.session)
            if lost is None:
                raise Refused("the log is not as a restore leaves it", "see what it is: keytui audit verify")
            if not reconciled_beyond(write.session, lost):
                refuse_unreconciled(write.session, lost)
            cut = {"reached": str(lost.sequence), "hash": lost.hash, "restored": str(head_of(write.session).sequence)}
            write.record(Event("audit.restored", details={**cut, "note": note}))
            head = head_of(write.session)
            ledger.checkpoint(write.session, head, write.now)
            write.answered(None)
        ledger.remember(head, anew=True)
        return lost.sequence

    def _signed_head(self, session: Session) -> Checkpoint:
        ledger = self._ground.ledger
        if ledger.kept_beyond(session) is not None:  # a signature would make a log good that was tampered with
            raise Refused("the log does not hold the head that was kept of it", "see what: keytui audit verify")
        return ledger.signed(head_of(session), self._clock())
