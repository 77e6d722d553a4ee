"""A principal of one tenant meets nothing of another, by any method that a vault has.

Two vaults are compared: one where a tenant is alone, one where a neighbour has the same names and the same traffic. To
everything that it can ask, the tenant hears the same in both; and what is the neighbour's is not there.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import zip_longest

import pytest

from keytui.domain.access import Role
from keytui.domain.errors import Forbidden, KeytuiError, NotFound
from keytui.vault.local.access.tenancy import conditions_of
from keytui.vault.local.tables import METADATA
from keytui.vault.local.vault import LocalVault
from keytui.vault.protocol import Vault
from tests.unit.vault.access.methods import (
    ASKED,
    IN_OWN_TENANT,
    OF_ANOTHER,
    OPERATION,
    TELLS_NOTHING,
    WHOLE_VAULT,
    Call,
)
from tests.unit.vault.access.two_tenants import NOTHING, TeamVault, Tenant


def test_every_method_of_a_vault_is_told_apart_here() -> None:
    methods = {name for part in Vault.__mro__ for name, value in vars(part).items() if callable(value)}
    told = {*ASKED, *OF_ANOTHER, *WHOLE_VAULT, *IN_OWN_TENANT, *TELLS_NOTHING}

    assert {name for name in methods if not name.startswith("_")} == told


def test_every_table_is_a_tenants_or_the_whole_vaults() -> None:
    """A new table is neither, until it is bound to tenants in `tenancy` or named here."""
    bound = {str(option.entity.local_table) for option in conditions_of("acme") if option.entity is not None}
    whole_vault = {"acknowledgements", "answers", "audit", "bookmarks", "checkpoints", "gaps", "idempotency", "keyring"}
    whole_vault |= {"key_files", "leases", "looks", "recorders", "sources", "syncs", "webhooks"}

    assert bound | whole_vault == set(METADATA.tables)
    assert not bound & whole_vault


@pytest.mark.parametrize("method", ASKED)
@pytest.mark.parametrize("role", [Role.TENANT_ADMIN, Role.STAFF, Role.KEY])
def test_a_neighbour_changes_nothing_of_what_a_tenant_hears(
    alone: TeamVault, together: TeamVault, method: str, role: Role
) -> None:
    without, beside = (heard(team, method, role) for team in (alone, together))

    assert _first_difference(without, beside) == ""
    assert not [word for word in ("globex", together.tenants["globex"].key_id) if word in beside]


@pytest.mark.parametrize("method", OF_ANOTHER)
@pytest.mark.parametrize("role", [Role.TENANT_ADMIN, Role.STAFF, Role.KEY])
def test_what_is_another_tenants_is_not_there(together: TeamVault, method: str, role: Role) -> None:
    other = together.tenants["globex"]
    principal = replace(together.tenants["acme"].admin, role=role)
    vault = together.as_(principal)

    said = [refused(OF_ANOTHER[method], vault, of) for of in (other, NOTHING)]

    assert isinstance(said[0], NotFound if principal.may(OPERATION[method]) else Forbidden)
    assert type(said[0]) is type(said[1])
    assert _without(other, said[0].message) == _without(NOTHING, said[1].message)
    assert said[0].hint == said[1].hint


@pytest.mark.parametrize("method", WHOLE_VAULT)
def test_what_is_the_whole_vaults_is_forbidden(together: TeamVault, method: str) -> None:
    own = together.tenants["acme"]

    with pytest.raises(Forbidden):
        WHOLE_VAULT[method](together.as_(own.admin), own)


def test_who_has_no_tenant_sees_all(together: TeamVault) -> None:
    everything = together.as_(together.principal("grace", Role.SUPER_ADMIN))

    for method in ("page", "rotations", "alerts", "audit", "monitor", "caller_keys", "schedule", "auto_rotations"):
        answer = repr(ASKED[method](everything, together.tenants["acme"]))
        assert all(tenant.key_id in answer for tenant in together.tenants.values()), method
    assert {one.tenant for one in everything.operators()} == {None, "acme", "globex"}
    assert {one.tenant for one in everything.approvals()} == {"acme", "globex"}
    assert {one.name for one in everything.sources()} == {"log acme", "log globex", "recorder api-1"}


def heard(team: TeamVault, method: str, role: Role) -> str:
    """The answer in words, without places in the one log and the numbers that all alerts share."""
    own = team.tenants["acme"]
    principal = replace(own.admin, role=role)
    try:
        answer = repr(ASKED[method](team.owner.acting_as(principal), own))
    except Forbidden as refusal:
        answer = refusal.message
    return re.sub(r"(Alert\(id|position|sequence)=\d+|(location|previous|hash)='[^']*'", "", answer)


def _first_difference(one: str, other: str) -> str:
    """Where two long answers part, in few words: pytest would compare them for minutes."""
    parts = zip_longest(one.split(", "), other.split(", "))
    return next((f"{first} | {second}" for first, second in parts if first != second), "")


def refused(ask: Call, vault: LocalVault, of: Tenant) -> KeytuiError:
    with pytest.raises(KeytuiError) as refused:
        ask(vault, of)
    return refused.value


def _without(what: Tenant, text: str) -> str:
    """A message without the id or number that was asked for, which its asker knows."""
    numbers = {f"#{number}" for number in (what.rotation_id, what.approval_id, what.alert_id, what.incident_id)}
    shown = re.sub(r"#\d+", lambda found: "#N" if found[0] in numbers else found[0], text)
    return shown.replace(what.key_id, "ID")
