"""A backup is made while others write, whole or not at all, and holds nothing that opens it."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from keytui.domain.access import Principal, Role
from keytui.domain.audit import Actor, AuditFilter
from keytui.domain.errors import Forbidden, Invalid, KeytuiError, Refused, Unreachable
from keytui.domain.keys import KeyDraft
from keytui.vault.local.backup import copying, drafts
from keytui.vault.local.database.opening import migrate
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.postgresql import new_database, reference
from tests.unit.vault.backup.conftest import in_a_child, silent


def rows(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(statement).fetchall()


def filled(vault: LocalVault, keys: int = 30) -> None:
    for number in range(keys):
        vault.create(KeyDraft(f"key-{number}", "production"), f"request-{number}")


def test_a_backup_is_the_vault_in_one_file_that_only_its_owner_reads(vault: LocalVault, tmp_path: Path) -> None:
    filled(vault)
    path = tmp_path / "out" / "vault.backup"
    path.parent.mkdir()

    made = vault.back_up(path, silent)

    assert [each.name for each in path.parent.iterdir()] == ["vault.backup"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert made.size == path.stat().st_size
    assert rows(path, "SELECT count(*) FROM keys") == [(30,)]
    assert rows(path, "SELECT max(sequence), type FROM audit") == [(made.entry, "backup.begun")]
    assert rows(path, "SELECT max(sequence) FROM checkpoints") == [(made.entry,)]
    newest = vault.audit(AuditFilter(), 0, 1).entries[0].event
    assert (newest.type, newest.details["file"], newest.details["entry"]) == (
        "backup.created",
        str(path),
        str(made.entry),
    )


def test_neither_pepper_nor_signing_key_is_in_it(vault: LocalVault, profile: Profile, tmp_path: Path) -> None:
    filled(vault, 1)
    vault.back_up(tmp_path / "backup", silent)

    content = (tmp_path / "backup").read_bytes()
    for name in ("pepper", "signing.key"):
        key = (profile.directory / name).read_bytes()
        assert (key in content, key.hex().encode() in content) == (False, False)


def test_others_write_while_it_is_made_and_it_shows_the_moment_of_its_beginning(
    vault: LocalVault, profile: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(vault)
    monkeypatch.setattr(copying, "_PAGES", 1)
    other = LocalVault.open(profile)
    told: list[int] = []

    def meanwhile(done: int, _of: int) -> None:
        told.append(done)
        if len(told) in {2, 5, 9}:
            other.create(KeyDraft(f"meanwhile-{len(told)}", "production"), f"meanwhile-{len(told)}")

    vault.back_up(tmp_path / "backup", meanwhile)

    other.close()
    assert told == sorted(told), "it never began again"
    assert rows(tmp_path / "backup", "SELECT count(*) FROM keys WHERE name LIKE 'meanwhile%'") == [(0,)]
    assert rows(profile.directory / "vault.db", "SELECT count(*) FROM keys WHERE name LIKE 'meanwhile%'") == [(3,)]


def test_it_is_made_of_a_read_only_profile_too(profile: Profile, tmp_path: Path) -> None:
    LocalVault.open(profile).close()
    vault = LocalVault.open(replace(profile, read_only=True))
    vault.back_up(tmp_path / "backup", silent)
    vault.close()

    assert (tmp_path / "backup").exists()


@pytest.mark.parametrize("what", ["file", "link to nowhere"])
def test_what_stands_there_is_replaced_only_when_that_is_said(vault: LocalVault, tmp_path: Path, what: str) -> None:
    path = tmp_path / "backup"
    path.write_text("mine") if what == "file" else path.symlink_to(tmp_path / "nowhere")

    with pytest.raises(Refused, match="is there already"):
        vault.back_up(path, silent)
    assert path.is_symlink() or path.read_text() == "mine"

    vault.back_up(path, silent, replace=True)
    assert rows(path, "SELECT count(*) FROM keys") == [(0,)]
    assert not (tmp_path / "nowhere").exists()


def test_one_that_came_to_stand_there_meanwhile_is_kept(vault: LocalVault, tmp_path: Path) -> None:
    path = tmp_path / "backup"

    with pytest.raises(Refused, match="is there already"):
        vault.back_up(path, lambda _done, _of: None if path.exists() else path.touch())

    assert (path.stat().st_size, [each.name for each in tmp_path.glob(".backup*")]) == (0, [])


@pytest.mark.parametrize("place", ["nowhere/backup", "."])
def test_a_place_that_cannot_be_written_is_named(vault: LocalVault, tmp_path: Path, place: str) -> None:
    with pytest.raises(Invalid, match=str(tmp_path)):
        vault.back_up(tmp_path / place, silent)


def test_ctrl_c_leaves_nothing(vault: LocalVault, tmp_path: Path) -> None:
    def interrupted(_done: int, _of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vault.back_up(tmp_path / "backup", interrupted)

    assert not [each for each in tmp_path.iterdir() if "backup" in each.name]


def test_a_damaged_vault_is_not_backed_up(vault: LocalVault, profile: Profile, tmp_path: Path) -> None:
    filled(vault)
    vault.close()
    path = profile.directory / "vault.db"
    ((page, root),) = rows(
        path,
        "SELECT (SELECT page_size FROM pragma_page_size), rootpage FROM sqlite_master WHERE name = 'ix_keys_owner'",
    )
    whole = bytearray(path.read_bytes())
    assert isinstance(page, int) and isinstance(root, int)  # noqa: PT018
    whole[(root - 1) * page + page // 2 : root * page] = bytes(page // 2)
    path.write_bytes(whole)
    again = LocalVault.open(profile)

    with pytest.raises(Unreachable, match="is damaged"):
        again.back_up(tmp_path / "backup", silent)

    again.close()
    assert not [each for each in tmp_path.iterdir() if "backup" in each.name]


def test_who_comes_over_a_server_makes_none(vault: LocalVault, tmp_path: Path) -> None:
    admin = vault.acting_as(Principal(Actor("eve"), Role.SUPER_ADMIN))
    with pytest.raises(Forbidden):
        admin.back_up(tmp_path / "backup", silent)


def test_postgresql_makes_its_own(tmp_path: Path) -> None:
    with new_database() as url:
        profile = Profile("team", tmp_path / "vault", Actor("ada"), database=reference(tmp_path / "vault", url))
        migrate(profile)
        vault = LocalVault.open(profile)
        with pytest.raises(Refused) as refused:
            vault.back_up(tmp_path / "backup", silent)
        vault.close()

    assert ("pg_dump" in refused.value.hint, "docs/guide/postgresql.md" in refused.value.hint) == (True, True)


def test_ctrl_c_is_heard_while_the_copy_is_checked(
    vault: LocalVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(copying, "_LISTEN_EVERY", 1)
    monkeypatch.setattr(copying, "_listen", interrupted)
    with pytest.raises(KeyboardInterrupt):
        vault.back_up(tmp_path / "backup", silent)
    assert not [each for each in tmp_path.iterdir() if "backup" in each.name]


@pytest.mark.parametrize("step", [1, 40])
def test_killed_at_a_step_there_is_no_backup_and_the_log_tells_that_one_was_begun(
    profile: Profile, tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_PAGES", 1)
    left = step

    def dying(_done: int, _of: int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_child(lambda: LocalVault.open(profile).back_up(tmp_path / "backup", dying)) == -signal.SIGKILL

    assert not (tmp_path / "backup").exists()
    assert [each for each in tmp_path.iterdir() if "backup" in each.name], "nobody was left to remove the draft"
    vault = LocalVault.open(profile)
    assert vault.audit(AuditFilter(), 0, 1).entries[0].event.type == "backup.begun"
    vault.back_up(tmp_path / "backup", silent)
    vault.close()
    assert [each.name for each in tmp_path.iterdir() if "backup" in each.name] == ["backup"]
    assert copying.fault_in(tmp_path / "backup") == ""


def test_what_keeps_no_log_is_not_copied_while_it_is_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_WAIT_SECONDS", 0.1)
    path = tmp_path / "without-a-log"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("CREATE TABLE rows (one)")
        writer.execute("PRAGMA cache_size = 1")  # so that it is written out before it is committed
        writer.execute("BEGIN")
        writer.executemany("INSERT INTO rows VALUES (?)", [(number,) for number in range(9999)])
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            copying.copy_database(path, tmp_path / "refused", silent)
        writer.execute("COMMIT")
    copying.copy_database(path, tmp_path / "copy", silent)
    assert rows(tmp_path / "copy", "SELECT count(*) FROM rows") == [(9999,)]


def test_the_draft_of_one_who_lives_is_left_to_them(vault: LocalVault, tmp_path: Path) -> None:
    path = tmp_path / "backup"
    told: list[str] = []

    def meanwhile(_done: int, _of: int) -> None:
        if not told:
            told.append("once")
            vault.back_up(path, silent, replace=True)

    filled(vault, 1)
    vault.back_up(path, meanwhile, replace=True)
    assert copying.fault_in(path) == ""


def test_two_who_begin_at_once_do_not_take_each_others_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its draft, SQLite would make the first one's file anew, for everybody to read."""
    path = tmp_path / "backup"
    lock = fcntl.flock
    begun: list[int] = []

    def meanwhile(descriptor: int, how: int) -> None:
        begun.append(descriptor)
        if len(begun) == 1:
            with drafts.drafted(path, replace=True):
                pass
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", meanwhile)
    with drafts.drafted(path, replace=True) as draft:
        assert draft.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir() if "backup" in each.name] == ["backup"]


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_full_disk_leaves_nothing(profile: Profile, tmp_path: Path, part: float) -> None:
    """A limit on a file's size stands for the disk: the write-ahead log of the vault itself is small."""
    vault = LocalVault.open(profile)
    filled(vault, 5)
    vault.close()  # what the log holds is in the vault's file from here on
    room = int((profile.directory / "vault.db").stat().st_size * part)

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
        try:
            LocalVault.open(profile).back_up(tmp_path / "backup", silent)
        except KeytuiError as error:
            (tmp_path / "said").write_text(f"{error.message} {error.hint}")
            raise

    assert in_a_child(work) == 1
    said = (tmp_path / "said").read_text()
    assert ("no backup was made" in said, "make room" in said) == (True, True), said
    assert not [each for each in tmp_path.iterdir() if "backup" in each.name]
