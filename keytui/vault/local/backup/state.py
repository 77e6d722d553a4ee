"""Whether a vault waits for somebody to look at what lives again in it.

The log itself says so of a backup that was loaded. Of an older copy that somebody put in the vault's place, the head
says so that is kept outside of it: the log does not hold it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlmodel import Session, col, func, select, update

from keytui.domain.audit import Event
from keytui.domain.errors import Unreconciled
from keytui.domain.text import harmless
from keytui.vault.local.log_head import Head, head_of
from keytui.vault.local.tables import ApprovalRow, AuditRow
from keytui.vault.reconciling import Loaded

LOADED = "backup.loaded"
KEPT = "backup.kept"
RECONCILED = "backup.reconciled"
_DECIDE = "see what, and decide: keytui backup reconcile"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What nobody has reconciled yet."""

    loaded: Loaded
    since: int
    """The entry of the log after which it is decided."""
    lost: Head | None
    """The head that was kept and that the log does not hold."""

    @classmethod
    def in_log(cls, row: AuditRow, session: Session) -> Self:
        """By the entry of the load."""
        details: dict[str, str] = json.loads(row.details)
        ends, reached, in_place = int(details["ends"]), details.get("reached"), "in_place" in details
        end = session.get_one(AuditRow, ends)
        known = None if reached is None else int(reached)
        loaded = Loaded(details["file"], row.at, ends, end.at, end.hash, known, in_place=in_place)
        lost = Head(int(details["head"]), details["hash"]) if "head" in details else None
        return cls(loaded, row.sequence, lost)

    @classmethod
    def in_place(cls, where: str, now: datetime, session: Session, beyond: Head) -> Self:
        """By the kept head alone, before anybody has decided anything."""
        end = session.get_one(AuditRow, head_of(session).sequence)
        loaded = Loaded(where, now, end.sequence, end.at, end.hash, beyond.sequence, in_place=True)
        return cls(loaded, end.sequence, beyond)

    @property
    def event(self) -> Event:
        """What the log says of it."""
        loaded = self.loaded
        details = {"file": harmless(loaded.file), "ends": str(loaded.ends)}
        if loaded.reached is not None:
            details["reached"] = str(loaded.reached)
        if self.lost is not None:
            details |= {"head": str(self.lost.sequence), "hash": self.lost.hash}
        if loaded.in_place:
            details["in_place"] = "yes"
        return Event(LOADED, details=details)


def unreconciled(session: Session) -> AuditRow | None:
    """The entry of the load that nobody has reconciled yet."""
    loaded = _newest(session, LOADED)
    if not loaded or loaded < _newest(session, RECONCILED):
        return None
    return session.get(AuditRow, loaded)


def refuse_unreconciled(session: Session, beyond: Head | None) -> None:
    """Raise Unreconciled while the vault waits; `beyond` is the kept head that its log does not hold."""
    if unreconciled(session) is not None:
        raise Unreconciled("this vault came from a backup: what was revoked since would be accepted again", _DECIDE)
    if beyond is not None:
        raise Unreconciled(
            f"an older copy is in this vault's place, or its log was cut: it once reached entry {beyond.sequence}, "
            "and what was revoked since would be accepted again",
            f"put the newer one back; or {_DECIDE}",
        )


def reconciled_beyond(session: Session, lost: Head) -> bool:
    """Whether somebody has decided since about a log that ended before this head: on another server of this vault."""
    loaded = session.get(AuditRow, _newest(session, LOADED))
    return (
        loaded is not None
        and unreconciled(session) is None
        and Waiting.in_log(loaded, session).loaded.ends < lost.sequence
    )


def end_approvals(session: Session, now: datetime) -> None:
    """A second operator's word that was given before the backup may have been used after it."""
    session.exec(update(ApprovalRow).where(col(ApprovalRow.expires_at) > now).values(expires_at=now))


def reconciled_since(session: Session, position: int) -> bool:
    """Whether everything has to be read anew by who stands at a position of the change feed, perhaps of another log."""
    return _newest(session, RECONCILED) > position


def _newest(session: Session, what: str) -> int:
    return session.exec(select(func.max(AuditRow.sequence)).where(AuditRow.type == what)).one() or 0
