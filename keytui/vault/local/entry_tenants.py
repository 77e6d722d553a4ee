"""Whose each entry of the log is. That stands beside the entry's hash, so it has to agree with what is under it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from sqlmodel import Session, col, or_, select

from keytui.domain.audit import Event
from keytui.vault.local.access.tenancy import unbound
from keytui.vault.local.tables import AuditRow, KeyRow

_TENANT: Final = "tenant"


def said_of_whom(event: Event, tenant: str | None) -> Event:
    """The event of no key, with its tenant where the hash covers it."""
    return event if tenant is None else replace(event, details={**event.details, _TENANT: tenant})


def first_misplaced(session: Session) -> int | None:
    """The first entry that a tenant reads, or misses, against what the entry itself or its key says."""
    wanted = (
        select(AuditRow.sequence, AuditRow.tenant, AuditRow.details, KeyRow.tenant)
        .join(KeyRow, col(KeyRow.id) == col(AuditRow.key_id), isouter=True)
        .where(or_(col(KeyRow.id).is_(None), col(AuditRow.tenant).is_distinct_from(KeyRow.tenant)))
        .order_by(col(AuditRow.sequence))
    )
    with unbound(session):
        found = session.exec(wanted.execution_options(yield_per=1000))
        rows = ((number, tenant, json.loads(details).get(_TENANT, of_key)) for number, tenant, details, of_key in found)
        return next((number for number, tenant, said in rows if tenant != said), None)
