"""What a shell is offered of a vault elsewhere: at a server, and in PostgreSQL."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from keytui.domain.audit import Actor
from keytui.domain.references import Place, Reference
from keytui.domain.rotation import Reason
from keytui.open import offered
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.team_server import TeamServer
from tests.contract.acts import created
from tests.postgresql import vault_database
from tests.unit.vault.remote.conftest import Team

COLUMNS = {
    ("name", "c"): ["checkout", "ci"],
    ("name", "ch"): ["checkout"],
    ("name", ""): ["checkout", "ci", "search"],
    ("environment", ""): ["production", "staging"],
    ("owner", ""): ["payments"],
}


def filled(vault: LocalVault) -> None:
    for name, environment in (("checkout", "production"), ("search", "staging"), ("ci", "production"), ("old", "test")):
        created(vault, name, environment, owner="payments")
    vault.revoke(vault.find("old").id, None, Reason.OTHER, "a test")


def offers(profile: Profile) -> dict[tuple[str, str], list[str]]:
    return {asked: sorted(offered(profile, *asked)) for asked in COLUMNS}


def test_a_vault_at_a_server_offers_what_is_there(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keytui.vault.remote.offered._AT_ONCE", 2)
    filled(team.vault)
    server = TeamServer(team.url, Reference(Place.FILE, str(team.token)))
    profile = Profile("prod", team.token.parent, Actor("ada"), server=server)

    assert offers(profile) == COLUMNS
    for place in (Place.COMMAND, Place.KEYRING):
        asking = replace(profile, server=TeamServer(team.url, Reference(place, f"cat {team.token}")))
        assert list(offered(asking, "name", "")) == []


def test_a_vault_in_postgresql_offers_what_is_there(tmp_path: Path) -> None:
    with vault_database(tmp_path / "vault") as database:
        profile = Profile("test", tmp_path / "vault", Actor("ada"), database=database)
        with closing(LocalVault.open(profile)) as vault:
            filled(vault)
        assert offers(profile) == COLUMNS
        assert list(offered(replace(profile, database="command:cat url"), "name", "")) == []
