"""Whether a vault waits for somebody to look at what a backup brought back: the log itself says so."""

from __future__ import annotations

from sqlmodel import Session, func, select

from keytui.domain.errors import Unreconciled
from keytui.vault.local.tables import AuditRow

LOADED = "backup.loaded"
KEPT = "backup.kept"
RECONCILED = "backup.reconciled"


def unreconciled(session: Session) -> AuditRow | None:
    """The entry of the load that nobody has reconciled yet."""
    loaded = _newest(session, LOADED)
    if not loaded or loaded < _newest(session, RECONCILED):
        return None
    return session.get(AuditRow, loaded)


def refuse_unreconciled(session: Session) -> None:
    """Raise Unreconciled while the vault waits."""
    if unreconciled(session) is not None:
        raise Unreconciled(
            "this vault came from a backup: what was revoked since would be accepted again",
            "see what, and decide: keytui backup reconcile",
        )


def reconciled_since(session: Session, position: int) -> bool:
    """Whether everything has to be read anew by who stands at a position of the change feed, perhaps of another log."""
    return _newest(session, RECONCILED) > position


def _newest(session: Session, what: str) -> int:
    return session.exec(select(func.max(AuditRow.sequence)).where(AuditRow.type == what)).one() or 0
