"""What any target's table may say: which environments it is for, and the command that follows a delivery."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.errors import Invalid, OutcomeUnknown, Refused
from keytui.domain.keys import Key
from keytui.domain.secrets import Secret
from keytui.targets.configured import After, ConfiguredTarget, NotFollowed
from keytui.targets.file import FileTarget
from keytui.vault.delivery_targets import load_targets
from tests.world import NOON

KEY = Key("k1", "checkout", "production", NOON)
OLD, NEW, NEWER = (Secret(f"tk_canary{number}" + "0" * 25) for number in range(3))
SEEN = "import sys; open(sys.argv[1], 'a').write(' '.join([open(sys.argv[2]).read(), *sys.argv[3:]]) + '\\n')"
TOLD = "import os, sys; open(sys.argv[1], 'a').write(repr([sys.argv, dict(os.environ), sys.stdin.read()]) + '\\n')"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "checkout.key"
    found.touch(0o600)
    found.write_text(OLD.reveal())
    return found


def followed_by(path: Path, *words: str, timeout: float = 10) -> ConfiguredTarget:
    return ConfiguredTarget(FileTarget("env", str(path)), (), After(words, timedelta(seconds=timeout)))


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *arguments)


def test_the_command_runs_after_each_delivery_and_each_way_back(path: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    target = followed_by(path, *python(SEEN, str(runs), str(path), "{name}", "{environment}", "v{version}"))

    target.rehearse(KEY)
    assert not runs.exists()
    target.deliver(KEY, 2, NEW)
    target.deliver(KEY, 2, NEW)
    target.roll_back(KEY, 2)

    told = "checkout production v2"
    assert runs.read_text().splitlines() == [f"{NEW.reveal()} {told}"] * 2 + [f"{OLD.reveal()} {told}"]


def test_the_command_is_told_no_secret(path: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    target = followed_by(path, *python(TOLD, str(told)))
    target.deliver(KEY, 2, NEW)
    target.roll_back(KEY, 2)
    assert len(told.read_text().splitlines()) == 2
    assert "tk_canary" not in told.read_text()


def test_it_runs_only_after_what_was_done(path: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    target = followed_by(path, "touch", str(runs))
    path.chmod(0o644)
    with pytest.raises(Refused, match="others can read"):
        target.deliver(KEY, 2, NEW)
    with pytest.raises(Refused, match="others can read"):
        target.roll_back(KEY, 2)
    assert not runs.exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (python("import sys; print(sys.argv); sys.exit(3)"), "exited with 3"),
        (python("import time; time.sleep(60)"), "did not end within 0.5 s"),
        (("no-such-program",), "'no-such-program' cannot be started"),
    ],
)
def test_when_it_fails_it_is_said_what_stands_where(path: Path, words: tuple[str, ...], why: str) -> None:
    target = followed_by(path, *words, timeout=0.5)
    with pytest.raises(NotFollowed, match=f"target env holds v2, and its consumers may not know: .*{why}") as failed:
        target.deliver(KEY, 2, NEW)
    assert isinstance(failed.value, OutcomeUnknown), "whoever delivers must not take it for a secret that nobody has"
    assert target.read_back(KEY) == NEW
    with pytest.raises(NotFollowed, match=f"holds again what it held before v2, .*{why}") as failed:
        target.roll_back(KEY, 2)
    assert target.read_back(KEY) == OLD
    assert "tk_canary" not in failed.value.message + failed.value.hint


def test_much_that_it_prints_is_no_reason_to_stop_it(path: Path, tmp_path: Path) -> None:
    done = tmp_path / "done"
    code = "import sys, pathlib; print('x' * 10**6); sys.stderr.write('x' * 10**6); pathlib.Path(sys.argv[1]).touch()"
    followed_by(path, *python(code, str(done))).deliver(KEY, 2, NEW)
    assert done.exists()


def test_a_command_that_is_not_there_is_found_beforehand(path: Path) -> None:
    with pytest.raises(Refused, match="target env, after a delivery: 'no-such-program' cannot be started"):
        followed_by(path, "no-such-program").rehearse(KEY)


def test_a_name_that_is_no_word_of_a_command_is_found_beforehand(path: Path) -> None:
    with pytest.raises(Refused, match="cannot stand in"):
        followed_by(path, "true", "{name}").rehearse(replace(KEY, name="--force"))


def test_a_target_takes_keys_of_its_environments_only(path: Path) -> None:
    target = ConfiguredTarget(FileTarget("env", str(path)), ("staging", "development"))
    why = "target env is for staging, development, and checkout is a key of production"
    with pytest.raises(Refused, match=why) as refused:
        target.rehearse(KEY)
    assert "a target that is for production" in refused.value.hint
    with pytest.raises(Refused, match=why):
        target.deliver(KEY, 2, NEW)
    assert target.read_back(KEY) == OLD

    staging = replace(KEY, environment="staging")
    target.rehearse(staging)
    target.deliver(staging, 2, NEW)
    assert target.read_back(staging) == NEW


def test_what_it_has_taken_it_gives_up_whatever_it_is_for_by_now(path: Path) -> None:
    file = FileTarget("env", str(path))
    file.deliver(KEY, 2, NEW)
    ConfiguredTarget(file, ("staging",)).roll_back(KEY, 2)
    assert file.read_back(KEY) == OLD


def written(directory: Path, options: str) -> Path:
    path = directory / "config.toml"
    path.write_text(f'[targets.env]\nkind = "file"\npath = "/srv/{{name}}"\n{options}\n')
    path.chmod(0o600)
    return path


def test_every_kind_has_these_options(tmp_path: Path) -> None:
    options = 'environments = ["production"]\nafter = ["systemctl", "restart", "{name}"]\nafter_timeout = "1m"'
    plain = FileTarget("env", "/srv/{name}")
    after = After(("systemctl", "restart", "{name}"), timedelta(minutes=1))
    assert load_targets(written(tmp_path, options)) == {"env": ConfiguredTarget(plain, ("production",), after)}
    assert load_targets(written(tmp_path, 'after = ["true"]')) == {
        "env": ConfiguredTarget(plain, (), After(("true",), timedelta(seconds=30)))
    }
    assert load_targets(written(tmp_path, "")) == {"env": plain}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("environments = []", "environments is empty"),
        ('environments = "production"', "environments is a list of texts"),
        ("after = []", "after names no command"),
        ('after = "systemctl restart x"', "after is a list of texts"),
        ('after_timeout = "1m"', "after names no command"),
        ('after = ["true"]\nafter_timeout = "1h"', "after_timeout is longer than 2 minutes"),
        ('befor = ["true"]', "has no field 'befor'"),
    ],
)
def test_what_is_wrong_is_named_with_file_table_and_field(tmp_path: Path, options: str, complaint: str) -> None:
    path = written(tmp_path, options)
    with pytest.raises(Invalid, match=complaint) as wrong:
        load_targets(path)
    assert re.match(rf"{re.escape(str(path))}:\d+: \[targets.env\] ", wrong.value.message)
