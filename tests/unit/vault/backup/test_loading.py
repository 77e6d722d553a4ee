"""A backup takes a lost vault's place, if it is what it claims to be and nothing is in its way."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Invalid, KeytuiError, NotFound, Refused, Unreachable, Unreconciled
from keytui.domain.keys import KeyDraft
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.open import open_feed
from keytui.vault.local.backup import loading
from keytui.vault.local.backup.loading import load_backup
from keytui.vault.local.database.sqlite import SqliteDatabase
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.schema import SCHEMA, Schema
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.reconciling import Decision
from keytui.verify.verifier import Verifier
from tests.unit.vault.backup.conftest import Lost, in_a_child, silent
from tests.world import StoppedClock


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def left_over(lost: Lost) -> list[str]:
    return sorted(
        path.name
        for path in lost.profile.directory.iterdir()
        if path.name not in {"pepper", "signing.key", "audit.head", "vault.lock"}
    )


def test_it_waits_and_lets_nobody_in(lost: Lost, clock: StoppedClock) -> None:
    loaded = load_backup(lost.profile, lost.backup, (), silent, clock)

    assert (loaded.ends < lost.entries, loaded.reached) == (True, lost.entries), "the kept head knows how far it was"
    vault = LocalVault.open(lost.profile, clock)
    assert vault.verify_audit().broken_at is None, "its log tells of the loss, and goes on"
    for act in (
        lambda: vault.create(KeyDraft("new", "production"), "new"),
        lambda: vault.disable(vault.find("kept").id, ""),
        lambda: vault.check(lost.secrets["kept"], (), UNKNOWN_CALLER),
        lambda: vault.accept_restore("it is fine"),
        lambda: LocalFeed.open(lost.profile),
        lambda: open_feed(lost.profile),
        lambda: vault.arm(lost.profile.name),
    ):
        with pytest.raises(Unreconciled) as refused:
            act()
        assert "keytui backup reconcile" in refused.value.hint
    assert vault.audit(AuditFilter(), 0, 1).entries[0].event.type == "backup.loaded"
    assert (vault.standing().read_only, vault.standing().armed_until) == (True, None)
    vault.close()
    assert left_over(lost) == ["vault.db"]
    assert lost.database.stat().st_mode & 0o777 == 0o600


def test_everything_of_the_vault_is_there_and_readers_do_not_wait_for_writers(lost: Lost, clock: StoppedClock) -> None:
    load_backup(lost.profile, lost.backup, (), silent, clock)

    vault = LocalVault.open(lost.profile, clock)
    assert vault.find("kept").revoked_at is None
    assert vault.find("over").revoked_at is not None
    vault.close()
    with closing(sqlite3.connect(lost.database)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("kept", [True, False], ids=["a checkpoint", "nothing"])
def test_in_a_new_place_only_a_checkpoint_knows_what_is_lost(
    lost: Lost, clock: StoppedClock, tmp_path: Path, kept: bool
) -> None:
    new = replace(lost.profile, directory=tmp_path / "new")
    new.directory.mkdir(mode=0o700)
    for name in ("pepper", "signing.key"):
        (new.directory / name).write_bytes((lost.profile.directory / name).read_bytes())

    loaded = load_backup(new, lost.backup, [lost.checkpoint] if kept else (), silent, clock)

    assert loaded.reached == (lost.entries if kept else None)
    vault = LocalVault.open(new, clock)
    assert vault.undecided().loaded == loaded
    assert vault.verify_audit().broken_at is None
    vault.close()


@pytest.mark.parametrize("name", ["pepper", "signing.key"])
@pytest.mark.parametrize("instead", [None, b"x" * 32, b"short"], ids=["missing", "another", "not whole"])
def test_without_its_key_files_it_is_refused_and_says_what_to_bring(
    lost: Lost, name: str, instead: bytes | None
) -> None:
    path = lost.profile.directory / name
    path.unlink() if instead is None else path.write_bytes(instead)

    with pytest.raises((Refused, Unreachable), match=name) as refused:
        load_backup(lost.profile, lost.backup, (), silent)

    assert name in refused.value.message
    if instead != b"short":
        assert ("pepper" in refused.value.hint, "signing.key" in refused.value.hint) == (True, True)
    assert left_over(lost) == []
    assert path.exists() is (instead is not None), "no key file is made for a vault that has one"


@pytest.mark.parametrize("content", [b"", b"a text\n" * 1000, b"\0" * 8192], ids=["empty", "text", "zeros"])
def test_a_file_that_is_no_backup_is_named(lost: Lost, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)

    with pytest.raises(KeytuiError, match=str(path)):
        load_backup(lost.profile, path, (), silent)

    assert left_over(lost) == []


def test_another_programs_database_is_no_backup(lost: Lost, tmp_path: Path) -> None:
    change(tmp_path / "other", "CREATE TABLE notes (text)")
    with pytest.raises(Invalid, match="no backup"):
        load_backup(lost.profile, tmp_path / "other", (), silent)
    with pytest.raises(NotFound):
        load_backup(lost.profile, tmp_path / "nowhere", (), silent)
    assert left_over(lost) == []


def test_a_damaged_one_is_refused(lost: Lost) -> None:
    whole = bytearray(lost.backup.read_bytes())
    whole[8192:32768] = bytes(24576)
    lost.backup.write_bytes(whole)

    with pytest.raises(Unreachable, match=f"{lost.backup}"):
        load_backup(lost.profile, lost.backup, (), silent)

    assert left_over(lost) == []


def test_one_of_a_newer_keytui_is_refused(lost: Lost) -> None:
    change(lost.backup, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Unreachable, match="newer keytui") as refused:
        load_backup(lost.profile, lost.backup, (), silent)
    assert ("9999" in refused.value.message, "upgrade" in refused.value.hint) == (True, True)
    assert left_over(lost) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'eve' WHERE sequence = 3",
        "DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)",
        "UPDATE checkpoints SET hash = 'another'",
    ],
)
def test_one_whose_log_was_changed_is_refused(lost: Lost, statement: str) -> None:
    change(lost.backup, statement)
    with pytest.raises(Refused, match="does not hold"):
        load_backup(lost.profile, lost.backup, (), silent)
    assert left_over(lost) == []


def test_a_checkpoint_of_another_vault_is_refused(lost: Lost) -> None:
    foreign = replace(lost.checkpoint, public_key=bytes(32))
    with pytest.raises(Invalid, match="another key"):
        load_backup(lost.profile, lost.backup, [foreign], silent)
    assert left_over(lost) == []


def test_a_vault_that_has_keys_is_not_replaced(vault: LocalVault, profile: Profile, tmp_path: Path) -> None:
    vault.create(KeyDraft("one", "production"), "one")
    vault.back_up(tmp_path / "backup", silent)

    with pytest.raises(Refused, match="is not empty"):
        load_backup(profile, tmp_path / "backup", (), silent)

    assert vault.find("one").name == "one"


def test_an_empty_vault_gives_way_unless_it_is_open(lost: Lost, tmp_path: Path, clock: StoppedClock) -> None:
    new = replace(lost.profile, directory=tmp_path / "new")
    empty = LocalVault.open(new, clock)
    for name in ("pepper", "signing.key"):
        (new.directory / name).write_bytes((lost.profile.directory / name).read_bytes())
    with pytest.raises(Refused, match="another process"):
        load_backup(new, lost.backup, (), silent, clock)
    empty.close()

    load_backup(new, lost.backup, (), silent, clock)

    vault = LocalVault.open(new, clock)
    assert vault.undecided().count == 4
    vault.close()


@pytest.mark.parametrize("end", ["-wal", "-shm"])
def test_what_is_left_of_a_lost_database_is_not_taken_for_the_new_ones(lost: Lost, end: str) -> None:
    (lost.profile.directory / f"vault.db{end}").write_bytes(b"of another")
    with pytest.raises(Refused, match=f"vault.db{end}"):
        load_backup(lost.profile, lost.backup, (), silent)
    assert left_over(lost) == [f"vault.db{end}"]


def test_one_of_an_older_schema_is_raised(profile: Profile, clock: StoppedClock, tmp_path: Path) -> None:
    LocalVault.open(profile, clock).close()  # key files
    with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
        log = database.execute(
            "SELECT sequence, at, actor, type, key_id, key_name, version, rotation_id, details,"
            " refused, previous, hash FROM audit"
        ).fetchall()
    SqliteDatabase.open(tmp_path / "old", Schema("0002", SCHEMA.scripts)).close()
    with closing(sqlite3.connect(tmp_path / "old" / "vault.db")) as old:
        old.executemany("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", log)
        old.commit()
    new = replace(profile, directory=tmp_path / "new")
    new.directory.mkdir(mode=0o700)
    for name in ("pepper", "signing.key"):
        (new.directory / name).write_bytes((profile.directory / name).read_bytes())

    load_backup(new, tmp_path / "old" / "vault.db", (), silent, clock)

    vault = LocalVault.open(new, clock)
    assert vault.undecided().count == 0
    assert [path.name for path in new.directory.iterdir() if "before" in path.name] == []
    vault.close()


@pytest.mark.parametrize("moment", ["copied", "raised", "put"])
def test_killed_at_any_moment_it_is_there_whole_and_waiting_or_not_at_all(
    lost: Lost, clock: StoppedClock, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def killed() -> None:
        step = {"copied": "fault_in", "raised": "_put", "put": "flush_names"}[moment]
        monkeypatch.setattr(loading, step, die)
        load_backup(lost.profile, lost.backup, (), silent, clock)

    assert in_a_child(killed) == -signal.SIGKILL

    if moment == "put":
        vault = LocalVault.open(lost.profile, clock)
        assert vault.undecided().loaded.reached == lost.entries
        with pytest.raises(Unreconciled):
            vault.create(KeyDraft("new", "production"), "new")
        vault.reconcile(Decision.KEEP, "")
        assert vault.verify_audit().broken_at is None, "the kept head, which nobody set, is the one that it tells of"
        vault.close()
    else:
        assert not lost.database.exists()
        load_backup(lost.profile, lost.backup, (), silent, clock)
    assert [name for name in left_over(lost) if name.startswith(".load")] == []


def test_a_verifier_elsewhere_that_knows_more_reads_everything_anew(lost: Lost, clock: StoppedClock) -> None:
    """It stands at a position that the vault has not come to yet, or has come to by another way."""
    load_backup(lost.profile, lost.backup, (), silent, clock)
    vault = LocalVault.open(lost.profile, clock)
    vault.reconcile(Decision.KEEP, "")
    feed = LocalFeed.open(lost.profile, clock)

    for position in (3, lost.entries, 10_000):
        assert feed.credential_changes(position, 0.0).position < position

    with Verifier(feed, feed, name="api", clock=clock) as verifier:
        assert verifier.check(lost.secrets["kept"]).valid
        assert not verifier.check(lost.secrets["over"]).valid
    vault.close()
