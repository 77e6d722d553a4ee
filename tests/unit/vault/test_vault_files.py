"""The vault's files: nobody else may read one, and none of them holds a secret."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from keytui.domain.errors import NotFound, Refused, Unreachable
from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller
from keytui.vault.local.database.sqlite_words import in_words
from keytui.vault.local.keys.glimpse import glimpse
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Found
from keytui.vault.profile import Profile
from tests.world import NOON, StoppedClock


@pytest.fixture(params=[0o022, 0o000], ids=["usual umask", "no umask"])
def any_umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("any_umask")
def test_every_file_is_its_owners_alone(profile: Profile) -> None:
    vault = LocalVault.open(profile)
    vault.create(KeyDraft("checkout-api", "production"), "request")

    names = {path.name for path in profile.directory.iterdir()}
    assert names >= {"vault.db", "vault.db-wal", "vault.db-shm", "vault.lock", "pepper", "signing.key", "audit.head"}
    assert mode(profile.directory) == 0o700
    assert {path.name: oct(mode(path)) for path in profile.directory.iterdir()} == dict.fromkeys(names, oct(0o600))
    vault.close()


def test_directories_above_the_vault_that_were_missing_are_closed_too(profile: Profile, tmp_path: Path) -> None:
    deep = replace(profile, directory=tmp_path / "home" / "default")
    LocalVault.open(deep).close()
    assert mode(tmp_path / "home") == 0o700


def test_a_directory_that_others_may_enter_is_refused(profile: Profile) -> None:
    profile.directory.mkdir(mode=0o755)
    profile.directory.chmod(0o755)

    with pytest.raises(Unreachable) as refused:
        LocalVault.open(profile)

    assert f"chmod 700 {profile.directory}" in refused.value.hint


def test_a_database_that_others_may_read_is_closed_to_them(profile: Profile) -> None:
    LocalVault.open(profile).close()
    (profile.directory / "vault.db").chmod(0o644)

    LocalVault.open(profile).close()

    assert mode(profile.directory / "vault.db") == 0o600


def test_a_place_where_no_directory_can_be_made_is_named(tmp_path: Path, profile: Profile) -> None:
    (tmp_path / "file").touch()
    nowhere = replace(profile, directory=tmp_path / "file" / "vault")

    with pytest.raises(Unreachable, match=r"file/vault") as refused:
        LocalVault.open(nowhere)

    assert refused.value.hint


def test_no_file_ever_holds_a_secret(profile: Profile, clock: StoppedClock) -> None:
    vault = LocalVault.open(profile, clock)
    created = vault.create(KeyDraft("checkout-api", "production"), "request")
    imported = [Secret("hk_Zt7Qw9-xLmN4pRs8vYb2Kd6Hf3Jg5Tc1Ua0We_Xi7Oq"), Secret("canary-hunter2-canary")]
    vault.adopt([Found(f"V{n}", f"V{n}", secret) for n, secret in enumerate(imported)], KeyDraft("", "production"))
    rotation = vault.plan(created.key.id, Plan(), "plan")
    lost = vault.issue(rotation.id)
    found = vault.reissue(rotation.id)
    with pytest.raises(Refused):
        vault.prove(rotation.id, lost.secret)
    vault.prove(rotation.id, found.secret)
    vault.retire(rotation.id, "so")
    unknown = Secret("canary-that-no-vault-ever-held")
    for secret in (created.secret, *imported, lost.secret, found.secret, unknown):
        vault.check(secret, [], Caller.called("me"))
        vault.diagnose(secret)
        with pytest.raises(NotFound):
            vault.find(secret.reveal())
    clock.advance(timedelta(days=1))
    vault.verify_audit()

    def leaks() -> list[str]:
        values = [
            secret.reveal().encode() for secret in (created.secret, *imported, lost.secret, found.secret, unknown)
        ]
        # Twelve characters of a strong value are its prefix, which may be shown; four more are too many.
        signs = [value[:16] for value in values[:1] + values[1:2] + values[3:5]] + [value[-16:] for value in values]
        return [path.name for path in profile.directory.iterdir() if any(sign in path.read_bytes() for sign in signs)]

    assert leaks() == []
    vault.close()
    assert leaks() == []


def test_a_vault_that_vanished_is_not_made_anew_behind_an_open_one(profile: Profile) -> None:
    vault = LocalVault.open(profile)
    vault.close()
    (profile.directory / "vault.db").unlink()

    with pytest.raises(Unreachable) as refused:
        vault.standing()

    assert "vault.db" in refused.value.message
    assert not (profile.directory / "vault.db").exists()


def test_a_lost_database_is_not_begun_anew_under_the_keys_of_the_old_one(profile: Profile) -> None:
    vault = LocalVault.open(profile)
    key_id = vault.create(KeyDraft("checkout-api", "production"), "request").key.id
    database = profile.directory / "vault.db"
    database.rename(profile.directory / "away.db")

    with pytest.raises(Unreachable, match="is missing") as refused:
        LocalVault.open(profile)
    assert "put it back" in refused.value.hint
    assert not database.exists()

    (profile.directory / "away.db").rename(database)
    assert vault.find("checkout-api").id == key_id
    vault.close()


def test_a_vault_that_is_moved_away_under_an_open_one_is_not_written_into(profile: Profile) -> None:
    vault = LocalVault.open(profile)
    key = vault.create(KeyDraft("checkout-api", "production"), "request").key
    database, aside = profile.directory / "vault.db", profile.directory / "aside.db"
    database.rename(aside)
    for act in (vault.standing, lambda: vault.disable(key.id, "a note")):
        with pytest.raises(Unreachable, match="moved away or replaced"):
            act()
    aside.rename(database)
    assert vault.find("checkout-api").disabled_at is None
    vault.close()


def test_a_vault_that_is_replaced_under_an_open_one_is_not_written_into(profile: Profile) -> None:
    vault = LocalVault.open(profile)
    key = vault.create(KeyDraft("checkout-api", "production"), "request").key
    database = profile.directory / "vault.db"
    database.rename(profile.directory / "aside.db")
    database.touch(mode=0o600)
    with pytest.raises(Unreachable, match="moved away or replaced"):
        vault.disable(key.id, "a note")
    (profile.directory / "aside.db").replace(database)
    vault.close()


def test_a_vault_that_is_replaced_while_a_writer_waits_is_not_written_into(profile: Profile) -> None:
    vault = LocalVault.open(profile)
    key = vault.create(KeyDraft("checkout-api", "production"), "request").key
    database, aside = profile.directory / "vault.db", profile.directory / "aside.db"

    def swap(connection: Connection) -> None:
        if connection.get_execution_options().get("writing") and not aside.exists():
            database.rename(aside)
            shutil.copy(aside, database)

    event.listen(Engine, "begin", swap)
    try:
        with pytest.raises(Unreachable, match="moved away or replaced"):
            vault.disable(key.id, "a note")
    finally:
        event.remove(Engine, "begin", swap)
    aside.replace(database)
    assert vault.find("checkout-api").disabled_at is None
    vault.close()


def test_a_vault_that_is_replaced_while_it_is_opened_is_not_written_into(profile: Profile) -> None:
    LocalVault.open(profile).close()
    database, aside = profile.directory / "vault.db", profile.directory / "aside.db"

    def swap(_connection: Connection) -> None:
        if not aside.exists():
            database.rename(aside)
            shutil.copy(aside, database)

    event.listen(Engine, "begin", swap)
    try:
        with pytest.raises(Unreachable, match="moved away or replaced"):
            LocalVault.open(profile).create(KeyDraft("checkout-api", "production"), "request")
    finally:
        event.remove(Engine, "begin", swap)


@pytest.mark.parametrize("name", ["vault.db", "vault.db-wal"])
@pytest.mark.parametrize(("make", "kind"), [(os.mkfifo, "a pipe"), (os.mkdir, "a directory")])
def test_what_is_no_file_is_named_and_not_waited_for(
    profile: Profile, name: str, make: Callable[[Path], None], kind: str
) -> None:
    LocalVault.open(profile).close()
    (profile.directory / name).unlink(missing_ok=True)
    make(profile.directory / name)
    with pytest.raises(Unreachable, match=f"{name} is {kind}") as refused:
        LocalVault.open(profile)
    assert refused.value.hint
    assert glimpse(profile, NOON) is None


def without_tables(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE gone (x)")
        database.execute("DROP TABLE gone")
    path.chmod(0o600)


@pytest.mark.parametrize("wipe", [lambda path: path.write_bytes(b""), without_tables])
def test_an_emptied_database_is_not_begun_anew(profile: Profile, wipe: Callable[[Path], object]) -> None:
    vault = LocalVault.open(profile)
    vault.create(KeyDraft("checkout-api", "production"), "request")
    vault.close()
    wipe(profile.directory / "vault.db")
    before = (profile.directory / "vault.db").read_bytes()
    with pytest.raises(Unreachable, match=r"vault\.db is empty"):
        LocalVault.open(profile)
    assert (profile.directory / "vault.db").read_bytes() == before


def test_a_file_system_without_locks_is_named(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("keytui.vault.local.database.sqlite_schema.fcntl.flock", no_locks)
    with pytest.raises(Unreachable, match="keeps no locks") as refused:
        LocalVault.open(profile)
    assert "KEYTUI_HOME" in refused.value.hint


@pytest.mark.parametrize(
    ("mode", "where", "says"),
    [(0o000, "vault.db", "cannot be read"), (0o500, ".", "its directory cannot be written")],
)
def test_what_this_user_may_not_touch_is_named(profile: Profile, mode: int, where: str, says: str) -> None:
    LocalVault.open(profile).close()
    path = profile.directory / where
    as_usual = bound_by_modes()
    path.chmod(mode)
    argv = [*as_usual, sys.executable, "-m", "keytui", "list"]
    env = {**os.environ, "KEYTUI_HOME": str(profile.directory.parent), "KEYTUI_CONFIG": str(configured(profile))}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False)
    path.chmod(0o700)
    assert done.returncode == 5, done
    assert says in done.stderr
    assert "chmod" in done.stderr


def configured(profile: Profile) -> Path:
    path = profile.directory.parent / "config.toml"
    path.write_text(f'[profiles.default]\ndirectory = "{profile.directory}"\n')
    path.chmod(0o600)
    return path


def bound_by_modes() -> list[str]:
    """What a command line begins with so that modes bind it, whoever runs the tests."""
    if os.geteuid():
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root is not bound by modes, and setpriv is not here")
    away = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={away}", f"--inh-caps={away}"]


@pytest.mark.parametrize("said", ["database or disk is full", "disk I/O error"])
def test_a_full_disk_is_told_to_who_reads_as_to_who_writes(said: str, tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as told, in_words(tmp_path / "vault.db"):
        raise sqlite3.OperationalError(said)
    assert "the vault stands as it was" in told.value.hint
