"""`keytui backup`: what each command says, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Commands


@pytest.fixture
def made(keytui: Commands, tmp_path: Path) -> Path:
    """A backup of a vault with one key."""
    keytui.created("one")
    path = tmp_path / "one.backup"
    keytui("backup", "create", str(path))
    return path


def test_create_says_what_it_made_and_what_it_takes_beside_it(keytui: Commands, made: Path) -> None:
    again = keytui("backup", "create", str(made), code=1)
    assert ("is there already" in again.err, "--force" in again.err) == (True, True)

    done = keytui("backup", "create", str(made), "--force")
    assert (str(made) in done.out, "signing.key" in done.err, str(keytui.home) in done.err) == (True, True, True)
    answer = keytui("backup", "create", str(made.with_name("two")), "--json").answer
    assert answer["file"] == str(made.with_name("two"))
    assert answer["bytes"] == made.with_name("two").stat().st_size
    assert "backup.created" in keytui("audit", "--type", "backup").out


def test_a_backup_of_a_servers_vault_is_made_on_its_host(keytui: Commands, tmp_path: Path) -> None:
    keytui("profiles", "add", "team", "http://127.0.0.1:1", "--token-env", "NOWHERE")
    refused = keytui("--profile", "team", "backup", "create", str(tmp_path / "backup"), code=None)
    assert refused.code != 0
    assert not (tmp_path / "backup").exists()
