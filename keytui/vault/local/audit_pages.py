"""Pages of the audit log, newest first."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select

from keytui.domain.audit import AuditFilter
from keytui.vault.local.access.tenancy import entries_of
from keytui.vault.local.entry_rows import stored_entries
from keytui.vault.local.tables import AuditRow
from keytui.vault.model import AuditPage


def audit_page(session: Session, tenant: str | None, which: AuditFilter, offset: int, limit: int) -> AuditPage:
    """Entries `offset` to `offset + limit` of those that match and that a tenant may read, and how many there are.

    They are counted for the first page alone: whoever reads on from an entry would have them counted for each.
    Refused where one of them was changed into what cannot be read.
    """
    matching = (*_conditions(which), *entries_of(tenant))
    newest_first = select(AuditRow).where(*matching).order_by(col(AuditRow.sequence).desc())
    entries = stored_entries(session, newest_first.offset(offset).limit(limit))
    total = offset + len(entries)
    if which.before is None:
        total = session.exec(select(func.count()).select_from(AuditRow).where(*matching)).one()
    return AuditPage(tuple(entries), offset, total)


def _conditions(which: AuditFilter) -> Iterator[ColumnElement[bool]]:
    if wanted := which.wanted_type:
        noun = col(AuditRow.type).startswith(f"{wanted}.", autoescape=True)
        yield col(AuditRow.type) == wanted if "." in wanted else noun
    if which.key_id:
        yield col(AuditRow.key_id) == which.key_id
    if which.key_version is not None:
        yield col(AuditRow.version) == which.key_version
    if which.before is not None:
        yield col(AuditRow.sequence) < which.before
    if which.actor:
        from_anywhere = col(AuditRow.actor).startswith(f"{which.actor}@", autoescape=True)
        yield or_(col(AuditRow.actor) == which.actor, from_anywhere)
    if which.since is not None:
        yield col(AuditRow.at) >= which.since
    if which.until is not None:
        yield col(AuditRow.at) < which.until
