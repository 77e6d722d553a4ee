"""From the rows of this package to the domain's dataclasses."""

from __future__ import annotations

from datetime import datetime

from keytui.domain.access import Operation, Role
from keytui.domain.approvals import Approval, ApprovalState, latest_expiry
from keytui.domain.operators import Operator
from keytui.vault.local.mapping import stored_id
from keytui.vault.local.tables import ApprovalRow, OperatorRow


def operator_of(row: OperatorRow) -> Operator:
    return Operator(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        tenant=row.tenant,
        scopes=frozenset(Operation(scope) for scope in row.scopes),
        prefix=row.prefix,
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


def approval_of(row: ApprovalRow, now: datetime) -> Approval:
    """`expired` is not stored: it follows from the time, for a request and for an approval that nobody used."""
    state = ApprovalState(row.state)
    if state in {ApprovalState.PENDING, ApprovalState.APPROVED} and not now < row.expires_at <= latest_expiry(now):
        state = ApprovalState.EXPIRED
    return Approval(
        id=stored_id(row.id),
        operation=Operation(row.operation),
        key_id=row.key_id,
        key_name=row.key_name,
        environment=row.environment,
        tenant=row.tenant,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        state=state,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        note=row.note,
        what=row.what,
    )
