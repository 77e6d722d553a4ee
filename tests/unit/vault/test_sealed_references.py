"""References to values that the vault keeps sealed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Locked, NotFound, Refused
from keytui.domain.keys import KeyDraft, Kind
from keytui.domain.references import parse_reference
from keytui.domain.secrets import Secret
from keytui.vault.local.sealing.keyring import Cost
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.references import from_here
from keytui.vault.sealed_references import PASSPHRASE_FILE, with_sealed

PASSPHRASE = Secret("correct horse battery")
TOKEN = Secret("hvs.0123456789abcdefghij")
SEALED = parse_reference("sealed:openbao")


@pytest.fixture
def locked(profile: Profile) -> LocalVault:
    vault = LocalVault.open(profile, cost=Cost(memory_kib=64, iterations=1, lanes=1))
    vault.set_passphrase(PASSPHRASE)
    vault.seal(KeyDraft("openbao", "production", Kind.TOKEN), TOKEN)
    vault.lock()
    return vault


def passphrase_file(tmp_path: Path) -> Mapping[str, str]:
    path = tmp_path / "passphrase"
    path.touch(0o600)
    path.write_text(f"{PASSPHRASE.reveal()}\n")
    return {PASSPHRASE_FILE: str(path)}


def test_a_sealed_value_is_revealed_on_the_record(locked: LocalVault, tmp_path: Path) -> None:
    assert with_sealed(locked, passphrase_file(tmp_path))(SEALED) == TOKEN
    newest = locked.audit(AuditFilter(type="value.revealed"), 0, 1).entries[0]
    assert newest.event.key_name == "openbao"
    assert TOKEN.reveal() not in repr(newest)


def test_a_vault_that_is_open_needs_no_file(locked: LocalVault) -> None:
    locked.unlock(PASSPHRASE)
    assert with_sealed(locked, {})(SEALED) == TOKEN


def test_a_locked_vault_says_how_it_is_unlocked(locked: LocalVault) -> None:
    with pytest.raises(Locked, match="sealed:openbao is sealed") as error:
        with_sealed(locked, {})(SEALED)
    assert PASSPHRASE_FILE in error.value.hint


def test_a_key_that_is_not_there_is_named(locked: LocalVault) -> None:
    with pytest.raises(NotFound, match="nothing"):
        with_sealed(locked, {})(parse_reference("sealed:nothing"))


def test_other_places_are_as_everywhere(locked: LocalVault) -> None:
    assert with_sealed(locked, {"TOKEN": "abc"})(parse_reference("env:TOKEN")) == Secret("abc")


def test_where_no_vault_is_open_it_is_refused() -> None:
    with pytest.raises(Refused, match="no vault is open"):
        from_here(SEALED)
