"""Whose rows a session may see: a principal with a tenant meets no row of another, whatever a query asks for.

The conditions are put on every ORM statement of the session, at this one place. What they cannot reach, asks
`own_keys`: the few statements that are written by hand. The audit log is the one table left out, because its chain has
to be read whole; `audit_pages` and the change feed ask for `entries_of` themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Final

from sqlalchemy import ColumnElement, event, false, select
from sqlalchemy.orm import ORMExecuteState
from sqlalchemy.orm import with_loader_criteria as only
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from keytui.domain.access import Principal
from keytui.domain.errors import Forbidden
from keytui.domain.keys import KeyDraft
from keytui.vault.local.tables import (
    METADATA,
    AlertRow,
    ApprovalRow,
    AuditRow,
    AutoRotationRow,
    CallerRow,
    CallerUsageRow,
    DeliveryRow,
    KeyRow,
    MessageRow,
    NotificationRow,
    OperatorRow,
    PulseRow,
    RotationRow,
    RouteRow,
    RouteUsageRow,
    SeriesRow,
    StepRow,
    UsageRow,
    VersionRow,
    WaiverRow,
)

_TENANT: Final = "tenant"
_OF_A_KEY: Final = (
    VersionRow,
    RotationRow,
    CallerRow,
    SeriesRow,
    RouteRow,
    AlertRow,
    AutoRotationRow,
    MessageRow,
)


def bind(session: Session, tenant: str | None) -> None:
    """From now on the session sees the rows of one tenant; with None, of all."""
    if tenant is not None:
        session.info[_TENANT] = tenant
        event.listen(session, "do_orm_execute", _narrow)


@contextmanager
def unbound(session: Session) -> Iterator[None]:
    """For what must not be cut: the evidence of a verdict, and whether a value is known at all."""
    tenant = session.info.pop(_TENANT, None)
    try:
        yield
    finally:
        if tenant is not None:
            session.info[_TENANT] = tenant


def own_keys(session: Session) -> Sequence[str] | None:
    """Ids of the keys that the session sees; None when it sees all."""
    if _TENANT not in session.info:
        return None
    return session.exec(select_rows(KeyRow.id).order_by(col(KeyRow.id))).all()


def entries_of(tenant: str | None) -> tuple[ColumnElement[bool], ...]:
    """Which entries of the audit log may be read."""
    return () if tenant is None else (col(AuditRow.tenant) == tenant,)


def of_tenant(draft: KeyDraft, principal: Principal) -> KeyDraft:
    """The draft as a principal may have it: of the own tenant, which need not be named."""
    if principal.tenant is None or draft.tenant == principal.tenant:
        return draft
    if draft.tenant:
        raise Forbidden(
            f"the role {principal.role} makes keys of the own tenant only", "leave the tenant out, or ask a super_admin"
        )
    return replace(draft, tenant=principal.tenant)


def _narrow(asked: ORMExecuteState) -> None:
    tenant = asked.session.info.get(_TENANT)
    if tenant is not None and not asked.is_column_load and not asked.is_relationship_load:
        asked.statement = asked.statement.options(*conditions_of(tenant))


@lru_cache(maxsize=64)
def conditions_of(tenant: str) -> tuple[LoaderCriteriaOption, ...]:
    """Each table by the key that its rows belong to. The subselects are of tables, which no condition is put on."""
    keys, rotations, alerts = METADATA.tables["keys"], METADATA.tables["rotations"], METADATA.tables["alerts"]
    series, callers, routes = METADATA.tables["series"], METADATA.tables["callers"], METADATA.tables["routes"]
    own = select(keys.c.id).where(keys.c.tenant == tenant)
    own_rotations = select(rotations.c.id).where(rotations.c.key_id.in_(own))
    return (
        only(KeyRow, col(KeyRow.tenant) == tenant),
        only(ApprovalRow, col(ApprovalRow.tenant) == tenant),
        only(OperatorRow, col(OperatorRow.tenant) == tenant),
        *(only(row, col(row.key_id).in_(own)) for row in _OF_A_KEY),
        *(only(row, col(row.rotation_id).in_(own_rotations)) for row in (StepRow, DeliveryRow, WaiverRow)),
        only(NotificationRow, col(NotificationRow.alert_id).in_(select(alerts.c.id).where(alerts.c.key_id.in_(own)))),
        only(UsageRow, col(UsageRow.series).in_(select(series.c.id).where(series.c.key_id.in_(own)))),
        only(CallerUsageRow, col(CallerUsageRow.caller).in_(select(callers.c.id).where(callers.c.key_id.in_(own)))),
        only(RouteUsageRow, col(RouteUsageRow.route).in_(select(routes.c.id).where(routes.c.key_id.in_(own)))),
        only(PulseRow, false()),
    )
