"""The audit log by commands: read, exported, checked."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.clock import utc_now
from keytui.vault.local.vault import LocalVault
from tests.unit.cli.conftest import Commands


def test_the_log_is_read_newest_first_and_filtered(keytui: Commands) -> None:
    keytui.created("one")
    keytui.created("two")
    keytui("rotate", "one")
    entries = [json.loads(line) for line in keytui("audit", "--format", "jsonl").out.splitlines()]
    assert [entry["sequence"] for entry in entries] == sorted((entry["sequence"] for entry in entries), reverse=True)
    assert entries[-1]["type"] == "vault.created"
    assert entries[0]["at"].endswith("Z")
    assert {entry["key"] for entry in map(json.loads, keytui("audit", "--key", "two", "--json").out.splitlines())} == {
        "two"
    }
    created = keytui("audit", "--type", "key.created", "--json").out.splitlines()
    assert len(created) == 2
    assert len(keytui("audit", "--limit", "1", "--json").out.splitlines()) == 1
    assert len(keytui("audit", "--since", "1h", "--json").out.splitlines()) == len(entries)
    assert keytui("audit", "--until", "1h", "--json").out == ""
    assert keytui("audit", "--since", "2020-01-01", "--until", "2020-02-01T00:00Z").out == ""
    keytui("audit", "--since", "yesterday", code=2)


def test_what_a_wrong_clock_dated_ahead_of_now_is_in_the_log(keytui: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    keytui.created("one")
    with monkeypatch.context() as an_hour_ahead:
        an_hour_ahead.setattr(
            "keytui.cli.session.open_vault",
            lambda profile: LocalVault.open(profile, clock=lambda: utc_now() + timedelta(hours=1)),
        )
        keytui("revoke", "one", "--reason", "leaver", "--yes")
    assert "key.revoked" in keytui("audit").out
    assert json.loads(keytui("audit", "--format", "jsonl").out.splitlines()[0])["type"] == "key.revoked"
    assert "key.revoked" not in keytui("audit", "--until", "1s").out


def test_the_table_and_the_csv_carry_every_entry(keytui: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keytui.vault.audit_export.PAGE", 2)
    for name in ("one", "two", "three"):
        keytui.created(name)
    assert len(keytui("audit").out.splitlines()) == 1 + 4
    rows = list(csv.DictReader(io.StringIO(keytui("audit", "--format", "csv").out)))
    assert [row["key"] for row in rows] == ["three", "two", "one", ""]
    assert rows[0]["type"] == "key.created"


def test_a_cell_is_never_a_formula(keytui: Commands) -> None:
    keytui.created("=cmd()")
    row, _ = csv.DictReader(io.StringIO(keytui("audit", "--format", "csv").out))
    assert row["key"] == "'=cmd()"


def test_verify_finds_an_edit(keytui: Commands) -> None:
    keytui.created("one")
    keytui.created("two")
    whole = keytui("audit", "verify", "--json").answer
    assert (whole["whole"], whole["entries"], whole["broken_at"]) == (True, 3, None)
    assert "whole" in keytui("audit", "verify").out
    (database,) = (keytui.home / "default").glob("*.db")
    with sqlite3.connect(database) as connection:
        for (trigger,) in connection.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            connection.execute(f'drop trigger "{trigger}"')
        connection.execute("update audit set actor = 'mallory' where sequence = 2")
    connection.close()
    broken = keytui("audit", "verify", "--json", code=1).answer
    assert (broken["whole"], broken["broken_at"]) == (False, 2)
    assert "broken at entry 2" in keytui("audit", "verify", code=1).out


def test_the_log_is_filtered_by_who_and_by_version(keytui: Commands) -> None:
    keytui.created("one")
    keytui("rotate", "one")
    (actor,) = {json.loads(line)["actor"] for line in keytui("audit", "--json").out.splitlines()}
    assert keytui("audit", "--actor", actor.partition("@")[0], "--json").out == keytui("audit", "--json").out
    assert keytui("audit", "--actor", "nobody", "--json").out == ""
    second = [json.loads(line) for line in keytui("audit", "--version", "2", "--json").out.splitlines()]
    assert {entry["version"] for entry in second} == {2}
    rotations = [json.loads(line) for line in keytui("audit", "--type", "key_rotation", "--json").out.splitlines()]
    assert {entry["type"].partition(".")[0] for entry in rotations} == {"rotation"}
    assert all(entry["details"]["old_fingerprint"].startswith("sha256:") for entry in rotations)


def test_a_checkpoint_that_was_kept_shows_a_truncation(keytui: Commands, tmp_path: Path) -> None:
    keytui.created("one")
    kept = tmp_path / "kept.json"
    kept.write_text(keytui("audit", "checkpoint").out, encoding="utf-8")
    assert "1 kept elsewhere" in keytui("audit", "verify", "--checkpoint", str(kept)).out
    (database,) = (keytui.home / "default").glob("*.db")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("delete from audit where sequence > 1")
        connection.commit()
    assert "cut off" in keytui("audit", "verify", "--checkpoint", str(kept), code=1).out
    kept.write_text("{}", encoding="utf-8")
    assert "holds no checkpoint" in keytui("audit", "verify", "--checkpoint", str(kept), code=2).err


def test_evidence_is_written_to_a_new_file(keytui: Commands, tmp_path: Path) -> None:
    keytui.created("one")
    assert "has had no rotation" in keytui("evidence", "one", code=1).err
    secret = keytui("rotate", "one").out
    path = tmp_path / "evidence.json"
    keytui("evidence", "one", "-o", str(path))
    assert json.loads(path.read_text())["document"]["rotation"]["id"] == 1
    assert secret not in path.read_text()
    assert "is there already" in keytui("evidence", "one", "-o", str(path), code=1).err
    assert json.loads(keytui("evidence", "one", "--rotation", "1").out)["document"]["key"]["name"] == "one"
    assert "no rotation #2" in keytui("evidence", "one", "--rotation", "2", code=1).err


def test_a_restore_is_decided_about_once_and_the_log_holds_again(keytui: Commands, tmp_path: Path) -> None:
    keytui.created("one")
    (path,) = tmp_path.rglob("vault.db")
    with closing(sqlite3.connect(path)) as database, closing(sqlite3.connect(tmp_path / "backup.db")) as backup:
        database.backup(backup)
    keytui.created("two")
    with closing(sqlite3.connect(path)) as database, closing(sqlite3.connect(tmp_path / "backup.db")) as backup:
        backup.backup(database)
    assert "it once reached entry" in keytui("audit", "verify", code=1).out
    for refused in (("disable", "one"), ("audit", "accept-restore", "--note", "Friday's")):
        assert "keytui backup reconcile" in keytui(*refused, code=6).err
    for answering in ("list", "show one", "show two", "rotations", "schedule", "audit", "callers one", "disable one"):
        told = keytui(*answering.split(), code=None).err
        assert told.count("an older copy is in this vault's place") == 1, answering

    deciding = keytui("backup", "reconcile")
    listed = deciding.out
    assert "backup reconcile" not in deciding.err, "it is being read"
    assert ("an older copy of the vault was put in its place" in listed, "1 key and 0 tokens" in listed) == (True, True)
    assert keytui("backup", "reconcile", "--json").answer["in_place"] is True
    assert "armed: 1 kept" in keytui("backup", "reconcile", "--keep-rest", "--yes", "--note", "of Friday").out

    assert "older" not in keytui("audit", "verify").err
    assert "of Friday" in keytui("audit", "--type", "backup.reconciled").out
    keytui("audit", "accept-restore", "--note", "again", code=1)
    keytui.created("three")


DAMAGED = {
    "empty": b"",
    "cut": b"{",
    "not signed": b'{"sequence": 1, "hash": "x", "signature": "00"}',
    "without end": b'{"sequence": 1e999, "hash": "x", "signature": "00"}',
    "without bottom": b"[" * 100_000,
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_head_is_told_until_a_change_writes_it_anew(keytui: Commands, content: bytes) -> None:
    keytui.created("one")
    head = keytui.home / "default" / "audit.head"
    head.write_bytes(content)

    with keytui.vault() as vault:
        assert vault.standing().head_says_nothing
    for command in (("list", "--json"), ("show", "one"), ("disable", "one")):
        assert keytui(*command).err.count("audit.head is damaged, or of another vault") == 1, command
    assert "audit.head" not in keytui("list").err
    head.unlink()
    assert "audit.head" not in keytui("list").err, "one that is missing may be that of a new server"
