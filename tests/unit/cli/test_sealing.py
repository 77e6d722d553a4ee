"""Sealed values and their passphrase by commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Commands

FIRST = "correct horse battery staple"
SECOND = "a quite different sentence 77"
TOKEN = "third-party-token-0123456789abcdef"
URL = "postgres://app:s3cr3t-p4ss@db.example.com:5432/app"


@pytest.fixture
def passphrase(tmp_path: Path, keytui: Commands, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault with a passphrase, in a file that the environment names."""
    path = private(tmp_path / "passphrase", FIRST)
    monkeypatch.setenv("KEYTUI_PASSPHRASE_FILE", str(path))
    keytui("passphrase", "set")
    return path


def private(path: Path, content: str) -> Path:
    """A file that only its owner can read."""
    path.write_text(content + "\n")
    path.chmod(0o600)
    return path


@pytest.mark.usefixtures("passphrase")
def test_what_is_sealed_comes_back_alone_and_on_the_record(keytui: Commands) -> None:
    sealed = keytui("seal", "stripe-live", "--owner", "payments", "--json", stdin=TOKEN + "\n").answer
    assert (sealed["name"], sealed["kind"], sealed["version"]) == ("stripe-live", "token", 1)
    assert TOKEN not in json.dumps(sealed)
    assert keytui("reveal", "stripe-live").out == TOKEN
    types = [json.loads(line)["type"] for line in keytui("audit", "--key", "stripe-live", "--json").out.splitlines()]
    assert any("reveal" in type_ for type_ in types)
    stored = b"".join(path.read_bytes() for path in keytui.home.rglob("*") if path.is_file())
    assert TOKEN.encode() not in stored
    assert FIRST.encode() not in stored


@pytest.mark.usefixtures("passphrase")
def test_sealing_a_name_again_gives_it_a_new_version(keytui: Commands) -> None:
    keytui("seal", "stripe-live", stdin=TOKEN)
    assert "version 2" in keytui("seal", "stripe-live", stdin="another-token-0123456789").out
    assert keytui("reveal", "stripe-live").out == "another-token-0123456789"


@pytest.mark.usefixtures("passphrase")
def test_a_connection_string_is_listed_without_its_password(keytui: Commands) -> None:
    keytui("seal", "orders-db", "--kind", "connection-string", stdin=URL)
    said = keytui("list").out + keytui("show", "orders-db").out + keytui("list", "--json").out
    assert "s3cr3t" not in said
    assert keytui("reveal", "orders-db").out == URL
    assert "issued by someone else" in keytui("rotate", "orders-db", code=1).err


def test_a_passphrase_is_changed_and_nothing_is_lost(
    keytui: Commands, passphrase: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keytui("seal", "stripe-live", stdin=TOKEN)
    new = private(tmp_path / "new", SECOND)
    keytui("passphrase", "change", "--new-passphrase-file", str(new))
    monkeypatch.delenv("KEYTUI_PASSPHRASE_FILE")
    assert keytui("reveal", "stripe-live", "--passphrase-file", str(new)).out == TOKEN
    wrong = keytui("reveal", "stripe-live", "--passphrase-file", str(passphrase), code=1)
    assert wrong.out == ""
    assert FIRST not in wrong.err


def test_the_seal_says_how_it_stands(keytui: Commands, tmp_path: Path) -> None:
    assert keytui("passphrase", "--json").answer == {"seal": "unset"}
    assert "passphrase set" in keytui("seal", "stripe-live", stdin=TOKEN, code=1).err
    path = private(tmp_path / "passphrase", FIRST)
    keytui("passphrase", "set", "--passphrase-file", str(path))
    assert "change" in keytui("passphrase", "set", "--passphrase-file", str(path), code=1).err
    assert keytui("passphrase", "--json").answer == {"seal": "locked"}
    assert keytui("passphrase", "lock", "--json").answer == {"seal": "locked"}


@pytest.mark.usefixtures("passphrase")
def test_a_passphrase_file_that_others_can_read_is_refused(keytui: Commands, tmp_path: Path) -> None:
    path = private(tmp_path / "open", FIRST)
    path.chmod(0o640)
    assert "chmod 600" in keytui("seal", "x", "--passphrase-file", str(path), stdin=TOKEN, code=1).err
    keytui("seal", "x", "--passphrase-file", str(tmp_path / "none"), stdin=TOKEN, code=2)
    assert "empty" in keytui("seal", "x", "--passphrase-file", str(private(path, "")), stdin=TOKEN, code=2).err


def test_lock_reaches_whoever_has_the_vault_open(keytui: Commands, passphrase: Path) -> None:
    from keytui.domain.secrets import Secret
    from keytui.vault.standing import SealState

    with keytui.vault() as console:
        console.unlock(Secret(passphrase.read_text().strip()))
        assert console.standing().seal is SealState.OPEN
        keytui("passphrase", "lock")
        assert console.standing().seal is SealState.LOCKED
