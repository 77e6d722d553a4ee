"""A vault's file that is written over, or lies beside a stranger's log: it is not written into, nor anybody let in."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.errors import Unreachable, Unreconciled
from keytui.domain.keys import KeyDraft
from keytui.vault.local.backup.loading import load_backup
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.verify.verifier import Verifier
from tests.unit.vault.backup.conftest import in_a_child
from tests.world import StoppedClock


@dataclass(frozen=True)
class Copied:
    """A vault that is open, and went on since it was copied; some of what came after is in its file already."""

    vault: LocalVault
    profile: Profile
    older: Path

    @property
    def file(self) -> Path:
        return self.profile.directory / "vault.db"

    @property
    def log(self) -> Path:
        return self.profile.directory / "vault.db-wal"


@pytest.fixture
def copied(profile: Profile, clock: StoppedClock, tmp_path: Path) -> Copied:
    vault = LocalVault.open(profile, clock)
    vault.create(KeyDraft("one", "production"), "one")
    vault.close()
    older = tmp_path / "older.db"
    shutil.copy(profile.directory / "vault.db", older)
    vault = LocalVault.open(profile, clock)
    vault.create(KeyDraft("two", "production"), "two")
    into_the_file(profile)
    vault.create(KeyDraft("three", "production"), "three")
    return Copied(vault, profile, older)


def into_the_file(profile: Profile) -> None:
    """What SQLite does by itself after a thousand pages: the file grows, and nobody has to open it anew."""
    with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
        assert database.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0] == 0


def write_over(copied: Copied, with_: Path) -> None:
    """As `cp` does: the file keeps its number."""
    number = copied.file.stat().st_ino
    subprocess.run(["cp", str(with_), str(copied.file)], check=True)
    assert copied.file.stat().st_ino == number


def test_an_older_copy_over_an_open_vault_is_noticed_and_nothing_is_written_into_it(copied: Copied) -> None:
    vault = copied.vault
    write_over(copied, copied.older)

    for act in (vault.standing, lambda: vault.create(KeyDraft("four", "production"), "four")):
        with pytest.raises(Unreachable, match="was written over while it was open"):
            act()
    with pytest.raises(Unreachable, match=r"not the file that vault\.db-wal belongs to"):
        LocalVault.open(copied.profile)
    vault.close()

    assert copied.file.read_bytes() == copied.older.read_bytes()
    assert copied.log.stat().st_size, "it is not of this file, and was not brought into it"
    for opens in (LocalVault.open, LocalFeed.open):
        with pytest.raises(Unreachable, match=r"not the file that vault\.db-wal belongs to") as refused:
            opens(copied.profile)
        assert "keytui backup load" in refused.value.hint


def test_moved_away_with_its_log_it_is_loaded_as_a_backup(copied: Copied, tmp_path: Path) -> None:
    write_over(copied, copied.older)
    copied.vault.close()
    for path in copied.profile.directory.glob("vault.db*"):
        path.rename(tmp_path / path.name)

    load_backup(copied.profile, copied.older, (), lambda _done, _of: None)

    vault = LocalVault.open(copied.profile)
    assert [one.key.name for one in vault.undecided().keys] == ["one"]
    vault.close()


def test_another_vaults_file_is_noticed_too(copied: Copied, tmp_path: Path) -> None:
    other = LocalVault.open(replace(copied.profile, directory=tmp_path / "other"))
    for number in range(20):
        other.create(KeyDraft(f"key-{number}", "production"), f"key-{number}")
    other.close()
    write_over(copied, tmp_path / "other" / "vault.db")

    with pytest.raises(Unreachable, match="was written over"):
        copied.vault.standing()
    copied.vault.close()
    with pytest.raises(Unreachable, match="belongs to"):
        LocalVault.open(copied.profile)


def test_an_older_file_that_takes_the_place_of_an_open_one_does_not_get_its_log(copied: Copied) -> None:
    shutil.copy(copied.older, copied.file.with_name("new"))
    copied.file.with_name("new").replace(copied.file)
    with pytest.raises(Unreachable, match="moved away or replaced"):
        copied.vault.standing()
    copied.vault.close()

    with pytest.raises(Unreachable, match=r"not the file that vault\.db-wal belongs to"):
        LocalVault.open(copied.profile)
    assert copied.file.read_bytes() == copied.older.read_bytes()


def test_a_verifier_of_a_vault_that_was_written_over_turns_stale(copied: Copied, clock: StoppedClock) -> None:
    secret = copied.vault.create(KeyDraft("four", "production"), "four").secret
    feed = LocalFeed.open(copied.profile, clock)
    with Verifier(feed, feed, name="api", clock=clock) as verifier:
        assert verifier.check(secret).valid
        write_over(copied, copied.older)
        with pytest.raises(Unreachable, match="written over"):
            feed.credential_changes(0, 0.0)
        clock.advance(timedelta(seconds=31))
        assert not verifier.check(secret).valid
    feed.close()
    copied.vault.close()


def test_sqlites_own_writing_into_the_file_is_no_change_of_it(copied: Copied) -> None:
    vault = copied.vault
    for number in range(5):
        into_the_file(copied.profile)
        vault.create(KeyDraft(f"key-{number}", "production"), f"key-{number}")
    with (
        closing(sqlite3.connect(copied.file, timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("PRAGMA journal_mode = DELETE")  # the looks have not dropped the locks that SQLite holds here
    vault.close()
    again = LocalVault.open(copied.profile)
    assert again.verify_audit().broken_at is None
    again.close()


def take_its_log(file: Path) -> None:
    with closing(sqlite3.connect(file, timeout=0)) as other, pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("PRAGMA journal_mode = DELETE")


def killed(profile: Profile, clock: StoppedClock, work: Callable[[LocalVault], object]) -> None:
    """Somebody does that in the vault, and is killed before SQLite has brought it into the file."""

    def die() -> None:
        work(LocalVault.open(profile, clock))
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_child(die) == -signal.SIGKILL


def created(name: str) -> Callable[[LocalVault], object]:
    return lambda vault: vault.create(KeyDraft(name, "production"), name)


def test_who_was_killed_leaves_a_log_that_is_the_files_own(profile: Profile, clock: StoppedClock) -> None:
    for name in ("one", "two", "three"):
        killed(profile, clock, created(name))
        vault = LocalVault.open(profile, clock)
        assert vault.find(name).name == name
        vault.close()


def test_an_older_file_without_a_log_has_one_of_its_own_from_then_on(copied: Copied, clock: StoppedClock) -> None:
    """It waits until somebody decides, and who is killed while deciding begins again."""
    copied.vault.close()
    shutil.copy(copied.older, copied.file)
    killed(copied.profile, clock, lambda vault: vault.arm(copied.profile.name))
    assert copied.log.stat().st_size

    vault = LocalVault.open(copied.profile, clock)
    assert vault.undecided().loaded.in_place
    with pytest.raises(Unreconciled):
        vault.create(KeyDraft("four", "production"), "four")
    vault.close()
