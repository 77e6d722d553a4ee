"""`keytui rebuild`: what a failing disk took of a vault's indexes is made anew, and nothing else is made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spoiling import spoil
from tests.unit.cli.conftest import Commands


@pytest.fixture
def vault(keytui: Commands) -> Path:
    """The directory of a vault with two keys, one of them rotated away and revoked."""
    keytui.created("one")
    keytui.created("two")
    keytui("revoke", "two", "--reason", "leaver", "--yes")
    return keytui.home / "default"


@pytest.mark.parametrize("name", ["key_words_data", "ix_keys_name", "uq_versions_digest"])
def test_an_index_is_made_anew(keytui: Commands, vault: Path, name: str) -> None:
    before = keytui("list", "--json", "state:revoked").out, keytui("show", "one", "--json").answer["id"]
    spoil(vault, name)

    rebuilt = keytui("rebuild", "--json").answer

    assert Path(str(rebuilt["kept"])).exists()
    assert before == (keytui("list", "--json", "state:revoked").out, keytui("show", "one", "--json").answer["id"])
    assert len(keytui("list", "one", "--json").items) == 1
    assert keytui("audit", "verify").code == 0
    assert "vault.rebuilt" in keytui("audit", "--json").out
    keytui.created("three")
    assert {path.stat().st_mode & 0o077 for path in vault.iterdir()} == {0}


def test_a_damaged_table_is_left_as_it_is(keytui: Commands, vault: Path) -> None:
    spoil(vault, "versions")
    before = (vault / "vault.db").read_bytes()

    refused = keytui("rebuild", code=1)

    assert "its table versions is damaged" in refused.err
    assert "keytui backup load FILE" in refused.err
    assert (vault / "vault.db").read_bytes()[100:] == before[100:]
    assert not list(vault.glob("*.backup"))
    assert not list(vault.glob(".load-*"))


def test_nobody_else_may_have_it_open(keytui: Commands, vault: Path) -> None:
    with keytui.vault() as other:
        assert "another process has" in keytui("rebuild", code=1).err
        assert other.find("one").name == "one"
    keytui("rebuild")
    assert vault.exists()


def test_a_filter_over_a_damaged_index_says_how_to_go_on(keytui: Commands, vault: Path) -> None:
    spoil(vault, "key_words_data")
    failed = keytui("list", "one", code=5)
    assert "keytui doctor" in failed.err
    assert "keytui rebuild" in failed.err
