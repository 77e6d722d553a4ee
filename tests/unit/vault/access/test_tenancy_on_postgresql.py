"""Tenants on PostgreSQL, whose planner and types are others."""

from __future__ import annotations

from pathlib import Path

from keytui.domain.access import Role
from tests.postgresql import vault_database
from tests.unit.vault.access.methods import ASKED, OF_ANOTHER
from tests.unit.vault.access.test_tenancy import heard, refused
from tests.unit.vault.access.two_tenants import NOTHING, TeamVault


def test_a_neighbour_changes_nothing_and_is_not_there(tmp_path: Path) -> None:
    with vault_database(tmp_path / "one") as one, vault_database(tmp_path / "two") as two:
        alone = TeamVault(tmp_path / "one", "acme", database=one)
        together = TeamVault(tmp_path / "two", "acme", "globex", database=two)
        try:
            said = {method: [heard(team, method, Role.STAFF) for team in (alone, together)] for method in ASKED}
            vault = together.as_(together.tenants["acme"].admin)
            errors = {
                method: [type(refused(ask, vault, of)) for of in (together.tenants["globex"], NOTHING)]
                for method, ask in OF_ANOTHER.items()
            }
        finally:
            alone.close()
            together.close()

    assert [method for method, (without, beside) in said.items() if without != beside] == []
    assert [method for method, (theirs, nothing) in errors.items() if theirs is not nothing] == []
