"""`keytui auto-rotation`, targets on the command line, and `rotate --due` as cron runs it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from keytui.clock import utc_now
from tests.unit.cli.conftest import Commands


def later() -> datetime:
    """When every key is due."""
    return utc_now() + timedelta(days=100)


@pytest.fixture
def env(keytui: Commands) -> Path:
    """A home with one target, whose file holds nothing yet."""
    file = keytui.home / "consumer.key"
    keytui.home.mkdir(0o700)
    configuration = keytui.home / "config.toml"
    configuration.write_text(f'[targets.env]\nkind = "file"\npath = "{file}"\n')
    configuration.chmod(0o600)
    return file


def wait(keytui: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred days pass."""
    keytui.live_at(later)
    monkeypatch.setattr("keytui.cli.auto_rotation.utc_now", later)


def test_a_key_names_its_targets(keytui: Commands, env: Path) -> None:
    keytui.created("checkout", "--target", "env", "--no-deliver")
    assert keytui("show", "checkout", "--json").answer["targets"] == ["env"]
    assert keytui("list", "--json").items[0]["targets"] == ["env"]
    assert "targets      env" in keytui("show", "checkout").out
    keytui("edit", "checkout", "--no-targets")
    assert keytui("show", "checkout", "--json").answer["targets"] == []
    unknown = keytui("edit", "checkout", "--target", "nope", code=2)
    assert "no target is called 'nope'" in unknown.err
    assert "the targets are env" in unknown.err
    keytui("create", "x", "--env", "e", "--owner", "o", "--scope", "s", "--target", "nope", code=2)
    keytui("edit", "checkout", "--target", "env", "--no-targets", code=2)


def test_where_no_target_is_configured_any_name_will_do(keytui: Commands) -> None:
    keytui.created("checkout", "--target", "on-the-server", "--no-deliver")
    assert keytui("show", "checkout", "--json").answer["targets"] == ["on-the-server"]


def test_it_is_switched_on_listed_and_switched_off(keytui: Commands, env: Path) -> None:
    keytui.created("checkout", "--target", "env", "--no-deliver")
    keytui.created("bare")
    assert "no key rotates by itself" in keytui("auto-rotation").err

    assert "it has no target" in keytui("auto-rotation", "enable", "bare", "--every", "90d", code=1).err
    done = keytui("auto-rotation", "enable", "--all", "--every", "90d", "--no-keep-previous", code=7)
    assert "checkout (production): next in 89d" in done.out
    assert "bare: it has no target" in done.err
    (listed,) = keytui("auto-rotation", "--json").items
    assert (listed["key"], listed["interval_seconds"], listed["keep_previous"]) == ("checkout", 90 * 86_400, False)
    assert keytui("auto-rotation").out.splitlines()[1].split()[:4] == ["checkout", "production", "90d", "no"]
    assert "does not rotate by itself any more" in keytui("auto-rotation", "disable", "checkout").out
    assert keytui("auto-rotation", "disable", "checkout", "--json").answer == {"keys": [], "refused": []}


@pytest.mark.parametrize("words", [(), ("checkout", "--all"), ("--all", "--env", "production")])
def test_which_keys_must_be_clear(keytui: Commands, words: tuple[str, ...]) -> None:
    keytui.created()
    for verb in (("enable", "--every", "90d"), ("disable",)):
        assert "which keys is not clear" in keytui("auto-rotation", *verb, *words, code=2).err


def test_due_delivers_to_the_targets_and_prints_no_secret(
    keytui: Commands, env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keytui.created("checkout", "--target", "env", "--no-deliver")
    keytui("auto-rotation", "enable", "checkout", "--every", "90d")
    assert "no key that rotates by itself is due" in keytui("rotate", "--due").err
    wait(keytui, monkeypatch)

    done = keytui("rotate", "--due")

    assert done.out == ""
    assert "checkout (production), rotation #1: the next version is delivered to env" in done.err
    assert json.loads(keytui("verify", "--json", stdin=env.read_text()).out)["version"] == 2
    assert env.read_text() not in done.err
    assert keytui("rotations", "--json").items[0]["state"] == "overlapping"
    assert "no key that rotates by itself is due" in keytui("rotate", "--due").err


def test_due_prints_those_without_a_target_and_names_those_that_are_not_switched_on(
    keytui: Commands, env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keytui.created("auto", "--target", "env", "--no-deliver")
    keytui.created("bare")
    keytui.created("off", "--target", "env", "--no-deliver")
    keytui("auto-rotation", "enable", "auto", "--every", "90d")
    wait(keytui, monkeypatch)

    told = keytui("rotate", "--due")
    assert "off (production) is due, has targets, and does not rotate by itself" in told.err
    assert "due and without a target: 1; `keytui rotate --due --json`" in told.err
    printed = keytui("rotate", "--due", "--json")
    assert [json.loads(line)["key"]["name"] for line in printed.out.splitlines()] == ["bare"]


def test_due_says_by_its_exit_code_what_was_skipped(
    keytui: Commands, env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keytui.created("checkout", "--target", "env", "--no-deliver")
    keytui("auto-rotation", "enable", "checkout", "--every", "90d")
    env.touch(0o644)
    env.chmod(0o644)
    wait(keytui, monkeypatch)

    skipped = keytui("rotate", "--due", code=1)

    assert "others can read" in skipped.err
    assert "others can read" in keytui("auto-rotation").out
    assert keytui("list", "--json").items[0]["version"] == 1
    env.chmod(0o600)
    keytui("rotate", "--due")
    assert keytui("auto-rotation", "--json").items[0]["note"] == ""


def test_a_read_only_profile_says_so(keytui: Commands, env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keytui.created("checkout", "--target", "env", "--no-deliver")
    keytui("auto-rotation", "enable", "checkout", "--every", "90d")
    assert "read-only" in keytui("--read-only", "rotate", "--due", code=6).err


def test_rolling_back_gives_the_targets_the_old_secret_again(
    keytui: Commands, env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = keytui.created("checkout", "--target", "env", "--no-deliver")
    env.touch(0o600)
    env.write_text(old)
    keytui("auto-rotation", "enable", "checkout", "--every", "90d")
    wait(keytui, monkeypatch)
    keytui("rotate", "--due")
    new = env.read_text()
    keytui("--read-only", "rollback", "checkout", code=6)
    assert env.read_text() == new

    keytui("rollback", "checkout", "--note", "it did not work")

    assert env.read_text() == old
    keytui("verify", stdin=old)
    assert json.loads(keytui("verify", "--json", stdin=new, code=1).out)["reason"] == "revoked"


def test_what_cannot_be_put_back_is_named_before_anything_is_revoked(
    keytui: Commands, env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (keytui.home / "config.toml").open("a") as configuration:
        configuration.write('[targets.blind]\nkind = "command"\ncommand = ["true"]\n')
    old = keytui.created("checkout", "--target", "env", "--target", "blind", "--no-deliver")
    env.touch(0o600)
    env.write_text(old)
    keytui("auto-rotation", "enable", "checkout", "--every", "90d")
    wait(keytui, monkeypatch)
    keytui("rotate", "--due")
    new = env.read_text()

    assert "blind may hold v2" in keytui("rollback", "checkout", code=1).err
    keytui("verify", stdin=new)
    keytui("rollback", "checkout", "--yes")
    keytui("verify", stdin=env.read_text())


def test_the_targets_of_another_machine_are_not_left_with_what_is_refused(
    keytui: Commands, env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keytui.created("checkout", "--target", "env", "--no-deliver")
    keytui("auto-rotation", "enable", "checkout", "--every", "90d")
    wait(keytui, monkeypatch)
    keytui("rotate", "--due")
    new = env.read_text()
    (keytui.home / "config.toml").write_text("")

    refused = keytui("rollback", "checkout", code=1).err

    assert "env may hold v2" in refused
    assert "give it the old secret by hand and say --yes" in refused
    keytui("verify", stdin=new)
    keytui("rollback", "checkout", "--yes")
    assert json.loads(keytui("verify", "--json", stdin=new, code=1).out)["reason"] == "revoked"


def test_resuming_goes_on_with_the_secret_that_a_target_holds(
    keytui: Commands, env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up = keytui.home / "up"
    with (keytui.home / "config.toml").open("a") as configuration:
        configuration.write(f'[targets.store]\nkind = "command"\ncommand = ["test", "-e", "{up}"]\n')
    keytui.created("checkout", "--target", "env", "--target", "store", "--no-deliver")
    keytui("auto-rotation", "enable", "checkout", "--every", "90d")
    wait(keytui, monkeypatch)
    assert "store may have taken the secret or not" in keytui("rotate", "--due", code=1).err
    new = env.read_text()
    up.touch()

    done = keytui("rotate", "checkout", "--resume")

    assert done.out == ""
    assert "version 2 is delivered to env, store" in done.err
    assert env.read_text() == new
    assert json.loads(keytui("verify", "--json", stdin=new).out)["version"] == 2


def test_a_consumer_that_was_not_restarted_is_told_of_and_restarted_by_the_next_run(
    keytui: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up, secret = tmp_path / "up", tmp_path / "secret"
    keytui.home.mkdir(mode=0o700, exist_ok=True)
    configuration = keytui.home / "config.toml"
    configuration.touch(0o600)
    configuration.write_text(f'[targets.web]\nkind = "file"\npath = "{secret}"\nafter = ["test", "-e", "{up}"]\n')
    keytui.created("checkout", "--target", "web", "--no-deliver")
    keytui("auto-rotation", "enable", "checkout", "--every", "90d")
    wait(keytui, monkeypatch)

    told = keytui("rotate", "--due", code=1).err
    assert "target web holds v2, and its consumers may not know: 'test' exited with 1" in told
    assert "may have taken" not in told
    new = secret.read_text()
    up.touch()
    keytui("rotate", "checkout", "--resume")
    assert secret.read_text() == new
    assert json.loads(keytui("verify", "--json", stdin=new).out)["version"] == 2
