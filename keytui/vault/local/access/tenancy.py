"""Whose rows a session may see: a principal with a tenant meets no row of another, whatever a query asks for.

The conditions are put on every ORM statement of the session, at this one place. What they cannot reach, the few
statements that are written by hand, is given `own_used_keys`. The audit log is the one table left out, because its
chain has to be read whole; `audit_pages` and the change feed ask for `entries_of` themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Final

from sqlalchemy import ColumnElement, SQLColumnExpression, event, false, select
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from keytui.domain.access import MANAGE_SCOPE, Principal, Role
from keytui.domain.errors import Forbidden
from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Reason
from keytui.vault.local.tables import (
    METADATA,
    AlertRow,
    ApprovalRow,
    AuditRow,
    AutoRotationRow,
    CallerRow,
    CallerUsageRow,
    CallRow,
    DeliveryRow,
    IncidentKeyRow,
    IncidentNoteRow,
    IncidentRow,
    KeyCountRow,
    KeyRow,
    MessageRow,
    NotificationRow,
    OperatorRow,
    PulseRow,
    RotationRow,
    RouteRow,
    RouteUsageRow,
    Row,
    SeriesRow,
    StepRow,
    UsageRow,
    VersionRow,
    WaiverRow,
)

_TENANT: Final = "tenant"
_WITH_A_TENANT: Final = (KeyRow, KeyCountRow, ApprovalRow, OperatorRow, IncidentRow)
_OF_A_KEY: Final = (
    VersionRow,
    RotationRow,
    CallerRow,
    SeriesRow,
    RouteRow,
    AlertRow,
    AutoRotationRow,
    MessageRow,
    IncidentKeyRow,
    CallRow,
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


def is_bound(session: Session) -> bool:
    """Whether there may be rows that the session does not see."""
    return _TENANT in session.info


def own_used_keys(session: Session) -> Sequence[str] | None:
    """Ids of the keys that the session sees and that were ever asked with; None when it sees all."""
    if not is_bound(session):
        return None
    return session.exec(select_rows(SeriesRow.key_id).distinct().order_by(col(SeriesRow.key_id))).all()


def entries_of(tenant: str | None) -> tuple[ColumnElement[bool], ...]:
    """Which entries of the audit log may be read."""
    return () if tenant is None else (col(AuditRow.tenant) == tenant,)


def of_tenant(draft: KeyDraft, principal: Principal) -> KeyDraft:
    """The draft as a principal may have it: of the own tenant, which need not be named."""
    refuse_its_like(principal, draft.scopes)
    if principal.tenant is None or draft.tenant == principal.tenant:
        return draft
    if draft.tenant:
        raise Forbidden(
            f"the role {principal.role} makes keys of the own tenant only", "leave the tenant out, or ask a super_admin"
        )
    return replace(draft, tenant=principal.tenant)


def refuse_its_like(principal: Principal, scopes: Sequence[str]) -> None:
    """A key that manages keys makes none of its kind: what it made would outlive its own revocation."""
    if principal.role is Role.KEY and MANAGE_SCOPE in scopes:
        raise Forbidden(
            f"an API key gives nobody the scope {MANAGE_SCOPE}", "leave the scope out, or ask an operator of the tenant"
        )


def refuse_anothers(principal: Principal, issuer: str, tenant: str) -> None:
    """At an issuer that several tenants share, nobody can say whose what is made there would be."""
    if principal.tenant is not None and tenant != principal.tenant:
        raise Forbidden(
            f"{issuer} is not the own tenant's alone, and the role {principal.role} makes no keys there",
            "ask a super_admin to make it",
        )


def refuse_another_manager(principal: Principal, key: KeyRow) -> None:
    """Nor does it get the secret of another of its kind, or let one in again."""
    if principal.role is Role.KEY and MANAGE_SCOPE in key.scopes and not acts_on_itself(principal, key):
        raise Forbidden(
            f"{key.name} has the scope {MANAGE_SCOPE}, and another API key may not rotate, change or enable it",
            "ask an operator of the tenant",
        )


def acts_on_itself(principal: Principal, key: KeyRow) -> bool:
    """Whether it is a key that asks, about itself."""
    return principal.role is Role.KEY and principal.actor.name == f"key:{key.id}"


def refuse_its_own_leak(principal: Principal, key: KeyRow, reason: Reason) -> None:
    """With its own it may do as it likes, but when it leaked: then nobody knows who asks with it."""
    if reason is Reason.COMPROMISE and acts_on_itself(principal, key):
        raise Forbidden(
            f"the secret of {key.name} leaked, and who has it may not see to its rotation",
            "ask an operator of the tenant",
        )


def _narrow(asked: ORMExecuteState) -> None:
    tenant = asked.session.info.get(_TENANT)
    if tenant is not None and not asked.is_column_load and not asked.is_relationship_load:
        asked.statement = asked.statement.options(*conditions_of(tenant))


@lru_cache(maxsize=64)
def conditions_of(tenant: str) -> tuple[LoaderCriteriaOption, ...]:
    """Each table by the key that its rows belong to."""
    of_a_rotation = (StepRow, DeliveryRow, WaiverRow)
    return (
        *(_only(row, col(row.tenant) == tenant) for row in _WITH_A_TENANT),
        *(_only(row, _own(col(row.key_id), tenant)) for row in _OF_A_KEY),
        *(_only(row, _own_through("rotations", col(row.rotation_id), tenant)) for row in of_a_rotation),
        _only(NotificationRow, _own_through("alerts", col(NotificationRow.alert_id), tenant)),
        _only(IncidentNoteRow, _of_own_incident(col(IncidentNoteRow.incident_id), tenant)),
        _only(UsageRow, _own_through("series", col(UsageRow.series), tenant)),
        _only(CallerUsageRow, _own_through("callers", col(CallerUsageRow.caller), tenant)),
        _only(RouteUsageRow, _own_through("routes", col(RouteUsageRow.route), tenant)),
        _only(PulseRow, false()),
    )


def _only(row: type[Row], condition: ColumnElement[bool]) -> LoaderCriteriaOption:
    return with_loader_criteria(row, condition, include_aliases=True)


def _own(key_id: SQLColumnExpression[str], tenant: str) -> ColumnElement[bool]:
    """Looked up row by row: a list of the tenant's keys would be made anew for each statement, a million long.

    Of an alias of the table, which is no entity: no condition is put on it, and no statement has it already.
    """
    keys = METADATA.tables["keys"].alias("own_keys")
    found = select(keys.c.id).where(keys.c.id == key_id, keys.c.tenant == tenant)
    return found.correlate_except(keys).exists()


def _of_own_incident(number: SQLColumnExpression[int], tenant: str) -> ColumnElement[bool]:
    incidents = METADATA.tables["incidents"].alias("own_incidents")
    found = select(incidents.c.id).where(incidents.c.id == number, incidents.c.tenant == tenant)
    return found.correlate_except(incidents).exists()


def _own_through(name: str, number: SQLColumnExpression[int], tenant: str) -> ColumnElement[bool]:
    """Of rows that belong to a row of another table, which belongs to a key."""
    table = METADATA.tables[name].alias(f"own_{name}")
    found = select(table.c.id).where(table.c.id == number, _own(table.c.key_id, tenant))
    return found.correlate_except(table).exists()
