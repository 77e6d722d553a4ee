"""Which tenant an entry of the log is shown to, against somebody who can write the database."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from keytui.domain.access import Principal, Role
from keytui.domain.audit import Actor, AuditFilter
from keytui.domain.errors import Forbidden
from keytui.domain.keys import KeyDraft
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile


@pytest.fixture
def acme(vault: LocalVault) -> LocalVault:
    """One of a tenant, who reads and was refused once; the vault has keys of two tenants and of none."""
    for tenant in ("", "acme", "other"):
        vault.create(KeyDraft("checkout", "production", tenant=tenant), f"create {tenant}")
    acme = vault.acting_as(Principal(Actor("eve", "10.0.0.7"), Role.STAFF, tenant="acme", operator_id="eve"))
    with pytest.raises(Forbidden):
        acme.disable(acme.find("checkout").id, "")
    return acme


def test_what_belongs_together_is_whole(vault: LocalVault, acme: LocalVault) -> None:
    assert [entry.event.type for entry in acme.audit(AuditFilter(), 0, 9).entries] == ["access.refused", "key.created"]
    assert vault.verify_audit().broken_at is None
    assert acme.verify_audit().broken_at is None


@pytest.mark.parametrize("tenant", ["'other'", "''", "NULL"])
@pytest.mark.parametrize("type_", ["key.created", "access.refused"])
def test_an_entry_that_was_given_to_another_shows(
    vault: LocalVault, profile: Profile, acme: LocalVault, type_: str, tenant: str
) -> None:
    moved = acme.audit(AuditFilter(type=type_), 0, 1).entries[0].sequence
    with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
        database.execute(f"UPDATE audit SET tenant = {tenant} WHERE sequence = {moved}")  # noqa: S608  # the test's own
        database.commit()

    for asking in (vault, acme):
        check = asking.verify_audit()
        assert (check.broken_at, "tenant" in check.detail) == (moved, True)


def test_an_entry_of_nobodys_that_was_given_to_a_tenant_shows(
    vault: LocalVault, profile: Profile, acme: LocalVault
) -> None:
    with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
        database.execute("UPDATE audit SET tenant = 'acme' WHERE sequence = 1")
        database.commit()

    assert vault.verify_audit().broken_at == 1
