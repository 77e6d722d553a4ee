"""The audit log by commands: read, exported, checked."""

from __future__ import annotations

import csv
import io
import json
import sqlite3

import pytest

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
