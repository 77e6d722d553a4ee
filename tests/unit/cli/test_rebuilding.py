"""`keytui rebuild`: what a failing disk took of a vault's indexes is made anew, and nothing else is made up."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from keytui.clock import Clock
from keytui.domain.errors import Unreachable
from keytui.domain.keys import KeyDraft
from keytui.vault.local.backup import rebuilding
from keytui.vault.local.database import sqlite as sqlite_database
from keytui.vault.local.log_head import Head
from keytui.vault.profile import Profile
from tests.spoiling import spoil
from tests.unit.cli.conftest import Commands
from tests.unit.vault.backup.conftest import in_a_child


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


def test_what_an_earlier_one_kept_stays(keytui: Commands, vault: Path) -> None:
    kept = [Path(str(keytui("rebuild", "--json").answer["kept"])) for _ in range(2)]
    assert sorted(vault.glob("*.backup")) == sorted(set(kept))
    assert len(set(kept)) == 2


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


def test_nobody_writes_into_what_is_about_to_be_replaced(
    keytui: Commands, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check of a long log takes seconds, in which a key could be made and shown that nobody has afterwards."""
    signed = rebuilding._signed
    told: list[str] = []

    def meanwhile(profile: Profile, beside: Path, rows: int, clock: Clock) -> Head:
        with pytest.raises(Unreachable) as refused, keytui.vault() as other:
            other.create(KeyDraft("three", "production"), "three")
        told.append(refused.value.message)
        return signed(profile, beside, rows, clock)

    monkeypatch.setattr(rebuilding, "_signed", meanwhile)
    monkeypatch.setattr(sqlite_database, "PATIENCE", 0.1)

    keytui("rebuild")

    assert "locked" in told[0]
    assert [key["name"] for key in keytui("list", "--json").items] == ["one"]
    assert keytui("audit", "verify").code == 0


def test_after_one_that_was_killed_readers_and_writers_are_not_in_each_others_way(
    keytui: Commands, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed() -> None:
        monkeypatch.setattr(rebuilding, "_signed", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        rebuilding.rebuild(keytui.profile)

    assert in_a_child(killed) == -signal.SIGKILL

    keytui.created("three")
    with closing(sqlite3.connect(vault / "vault.db")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_filter_over_a_damaged_index_says_how_to_go_on(keytui: Commands, vault: Path) -> None:
    spoil(vault, "key_words_data")
    failed = keytui("list", "one", code=5)
    assert "keytui doctor" in failed.err
    assert "keytui rebuild" in failed.err
