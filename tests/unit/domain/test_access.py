"""Why somebody may not: the refusal names everybody who may."""

from __future__ import annotations

import pytest

from keytui.domain.access import Operation, Role, why_not


@pytest.mark.parametrize(
    ("role", "operation", "why"),
    [
        (Role.SERVICE, Operation.READ, "the role service may not read: it takes super_admin, tenant_admin or staff"),
        (Role.STAFF, Operation.ROTATE, "the role staff may not rotate: it takes super_admin or tenant_admin"),
        (Role.TENANT_ADMIN, Operation.ERASE, "the role tenant_admin may not erase: it takes super_admin"),
        (Role.STAFF, Operation.VERIFY, "the role staff may not verify: it takes a service token of that scope"),
    ],
)
def test_a_refusal_names_who_may(role: Role, operation: Operation, why: str) -> None:
    assert why_not(role, operation) == why
