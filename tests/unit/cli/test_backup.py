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


@pytest.fixture
def lost(keytui: Commands, made: Path) -> Path:
    """The vault is lost, and with it what was done since the backup."""
    keytui.created("two")
    for path in (keytui.home / "default").glob("vault.db*"):
        path.unlink()
    return made


def test_a_long_list_for_programs_is_read_in_parts(
    keytui: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keytui.vault.local.backup.reconciling._AT_ONCE", 2)
    names = [f"key-{number}" for number in range(5)]
    for name in names:
        keytui.created(name)
    keytui("backup", "create", str(tmp_path / "backup"))
    for path in (keytui.home / "default").glob("vault.db*"):
        path.unlink()
    keytui("backup", "load", str(tmp_path / "backup"))

    keys = keytui("backup", "reconcile", "--json").answer["keys"]

    assert isinstance(keys, list)
    assert [key["name"] for key in keys] == names
    assert all(key["versions"] == [{"number": 1, "state": "active"}] for key in keys)


def test_from_a_lost_vault_to_an_armed_one(keytui: Commands, lost: Path) -> None:
    assert "is missing" in keytui("list", code=5).err

    loaded = keytui("backup", "load", str(lost))
    assert ("are lost" in loaded.out, "keytui backup reconcile" in loaded.err) == (True, True)
    assert (
        "keytui backup reconcile"
        in keytui("create", "new", "--env", "production", "--owner", "ops", "--scope", "read", code=6).err
    )

    listed = keytui("backup", "reconcile")
    assert ("to decide: 1 key and 0 tokens" in listed.out, "v1 active" in listed.out) == (True, True)
    keytui("backup", "reconcile", "--arm", code=1)
    answer = keytui("backup", "reconcile", "--keep", "one", "--json").answer
    assert (answer["keys"], answer["tokens"], answer["file"]) == ([], [], str(lost))
    assert "--arm" in keytui("backup", "reconcile").out
    assert "armed: 1 kept, 0 revoked" in keytui("backup", "reconcile", "--arm").out

    keytui("create", "new", "--env", "production", "--owner", "ops", "--scope", "read")
    keytui("audit", "verify")
    assert "waits for no decision" in keytui("backup", "reconcile", code=1).err


def test_a_list_of_decisions_is_read_whole_before_anything_is_done(
    keytui: Commands, lost: Path, tmp_path: Path
) -> None:
    keytui("backup", "load", str(lost))
    path = tmp_path / "decisions"
    path.write_text("# looked at on Monday\n\nrevoke one\nperhaps two\n")
    assert "line 4" in keytui("backup", "reconcile", "--decisions", str(path), code=2).err
    assert "1 key and" in keytui("backup", "reconcile").out

    path.write_text("revoke one\n")
    assert "--yes" in keytui("backup", "reconcile", "--decisions", str(path), "--keep-rest", code=2).err
    done = keytui("backup", "reconcile", "--decisions", str(path), "--keep-rest", "--yes", "--json").answer

    assert done == {"kept": 0, "revoked": 1}


def test_what_is_loaded_is_told_to_programs(keytui: Commands, lost: Path) -> None:
    answer = keytui("backup", "load", str(lost), "--json").answer
    ends, reached = answer["ends"], answer["reached"]
    assert isinstance(ends, int)
    assert isinstance(reached, int)
    assert reached > ends


def test_a_production_profile_is_armed_to_load(keytui: Commands, lost: Path) -> None:
    (keytui.home / "config.toml").write_text("[profiles.default]\nproduction = true\n")
    assert "--write default" in keytui("backup", "load", str(lost), code=6).err
    keytui("--write", "default", "backup", "load", str(lost))


def test_what_reads_a_vault_that_waits_says_so_beside_the_answer(keytui: Commands, lost: Path) -> None:
    (keytui.home / "config.toml").write_text("[profiles.default]\nproduction = true\n")
    keytui("--write", "default", "backup", "load", str(lost))
    for asked in (("list",), ("list", "--json"), ("show", "one"), ("show", "one", "--json")):
        done = keytui(*asked)
        assert ("one" in done.out, "keytui backup reconcile" in done.err) == (True, True)
    assert "keytui backup reconcile" in keytui("--write", "default", "disable", "one", "--yes", code=6).err
    for about_a_secret in ("verify", "diagnose"):
        refused = keytui(about_a_secret, stdin="tk_anything", code=6)
        assert ("keytui backup reconcile" in refused.err, refused.out) == (True, "")
    keytui("--write", "default", "backup", "reconcile", "--keep-rest", "--yes")
    assert "reconcile" not in keytui("list").err


def test_a_server_does_not_begin_over_a_vault_that_waits(keytui: Commands, lost: Path) -> None:
    keytui("backup", "load", str(lost))
    assert "keytui backup reconcile" in keytui("serve", "--port", "0", code=6).err


@pytest.fixture
def exported(keytui: Commands, tmp_path: Path) -> Path:
    """The log's export from after the backup, of a vault that is lost since: `one` was revoked, and `two` made."""
    keytui.created("one")
    keytui.created("other")
    for name in ("ada", "eve"):
        keytui("operators", "add", name, "--role", "super_admin")
    keytui("backup", "create", str(tmp_path / "backup"))
    keytui("revoke", "one", "--reason", "compromise", "--yes")
    keytui("operators", "revoke", "eve")
    keytui.created("two")
    path = tmp_path / "log.jsonl"
    path.write_text(keytui("audit", "--format", "jsonl").out)
    for file in (keytui.home / "default").glob("vault.db*"):
        file.unlink()
    keytui("backup", "load", str(tmp_path / "backup"))
    return path


def test_an_export_of_the_log_says_what_was_done_since(keytui: Commands, exported: Path) -> None:
    said = keytui("backup", "reconcile", "--log", str(exported)).out
    assert ("key.revoked" in said, "goes on from there" in said) == (True, True)
    answer = keytui("backup", "reconcile", "--log", str(exported), "--revoke-logged", "--json").answer
    keys, tokens = answer["keys"], answer["tokens"]
    assert isinstance(keys, list)
    assert isinstance(tokens, list)
    assert [(one["name"], one["since"]) for one in keys] == [("other", [])]
    assert [one["name"] for one in tokens] == ["ada"]


def test_an_export_that_does_not_follow_on_the_backup_decides_nothing(keytui: Commands, exported: Path) -> None:
    whole = exported.read_text().splitlines()
    revoked = next(number for number, line in enumerate(whole) if '"key.revoked"' in line)
    for lines in (
        [*whole[:revoked], *whole[revoked + 1 :]],
        [line.replace('"key.revoked"', '"key.edited"') for line in whole],
    ):
        exported.write_text("\n".join(lines))
        refused = keytui("backup", "reconcile", "--log", str(exported), "--revoke-logged", code=1)
        assert "does not follow" in refused.err
    exported.write_text("\n".join(whole[revoked + 1 :]))
    assert "ends with entry" in keytui("backup", "reconcile", "--log", str(exported)).out
    exported.write_text(whole[-1])
    assert "ends before the backup" in keytui("backup", "reconcile", "--log", str(exported)).out
    exported.write_text("no entry\n")
    assert "line 1" in keytui("backup", "reconcile", "--log", str(exported), code=2).err
    assert "--log" in keytui("backup", "reconcile", "--revoke-logged", code=2).err
    assert "2 keys and 2 tokens" in keytui("backup", "reconcile").out
