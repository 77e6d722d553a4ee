"""The vault's files: nobody else may read one, and none of them holds a secret."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.errors import NotFound, Refused, Unreachable
from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Found
from keytui.vault.profile import Profile
from tests.world import StoppedClock


@pytest.fixture(params=[0o022, 0o000], ids=["usual umask", "no umask"])
def any_umask(request: pytest.FixtureRequest) -> Iterator[None]:
    import os

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
