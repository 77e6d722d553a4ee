"""`config.toml`: profiles and policies, and errors that name the field at fault."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.errors import Invalid, NotFound
from keytui.domain.policy import STRICT_DEVELOPMENT
from keytui.domain.retention import Addresses, Retention
from keytui.domain.thresholds import Thresholds
from keytui.vault.policies import load_policies
from keytui.vault.profile import load_profile
from keytui.vault.retention import load_retention


def written(directory: Path, text: str) -> Path:
    path = directory / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KEYTUI_HOME", str(tmp_path))
    return tmp_path


def test_without_a_file_the_default_profile_lives_in_the_home(home: Path) -> None:
    profile = load_profile()
    assert profile.directory == home / "default"
    assert not profile.read_only


def test_a_production_profile_opens_read_only(home: Path) -> None:
    written(home, '[profiles.prod]\ndirectory = "/srv/keys"\nproduction = true\n')
    profile = load_profile("prod")
    assert profile.read_only
    assert profile.directory == Path("/srv/keys")


def test_any_profile_can_be_opened_read_only(home: Path) -> None:
    assert load_profile(read_only=True).read_only


def test_an_unknown_profile_is_named_with_the_file_that_could_name_it(home: Path) -> None:
    with pytest.raises(NotFound, match="nowhere") as error:
        load_profile("nowhere")
    assert str(home / "config.toml") in error.value.hint


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[profiles.prod\n", "not valid TOML"),
        ("profiles = 3\n", "tables"),
        ("[profiles.prod]\ndirectory = 3\n", "directory is a text"),
        ('[profiles.prod]\nproduction = "yes"\n', "production is true or false"),
    ],
)
def test_a_broken_profile_says_what_is_wrong(home: Path, text: str, named: str) -> None:
    written(home, text)
    with pytest.raises(Invalid, match=named):
        load_profile("prod")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (
            b'theme = "dark"\n\n[profiles.a]\ndirectory = "\xff"\n',
            "config.toml:4: byte 43 of the file (0xff) is not UTF-8",
        ),
        ('theme = "dark"\n'.encode("utf-16"), "config.toml:1: byte 1 of the file (0xff)"),
        ('theme = "dark"\n'.encode("utf-8-sig"), "config.toml:1: it begins with a byte order mark"),
    ],
)
def test_what_is_no_text_is_named_with_its_line(home: Path, content: bytes, named: str) -> None:
    written(home, "").write_bytes(content)
    with pytest.raises(Invalid, match=re.escape(named)) as error:
        load_profile("default")
    assert "save it as UTF-8" in error.value.hint


def test_policies_take_presets_and_durations(tmp_path: Path) -> None:
    policies = load_policies(
        written(
            tmp_path,
            '[policy.development]\npreset = "strict-development"\n'
            '[policy.production]\nrotation_interval = "60d"\noverlap = "12h"\n',
        )
    )
    assert policies.of("development") == STRICT_DEVELOPMENT
    assert policies.of("production").rotation_interval == timedelta(days=60)
    assert policies.of("production").overlap == timedelta(hours=12)
    assert policies.of("staging").rotation_interval == timedelta(days=90)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('interval = "60d"', "no field 'interval'"),
        ("overlap = 24", "overlap is a duration"),
        ('overlap = "soon"', "not a duration: 'soon'"),
        ('preset = "lax"', "preset = 'lax'"),
        ('preset = ["strict-development"]', "preset = "),
    ],
)
def test_a_broken_policy_names_table_and_field(tmp_path: Path, line: str, named: str) -> None:
    path = written(tmp_path, f"[policy.production]\n{line}\n")
    with pytest.raises(Invalid, match=named) as error:
        load_policies(path)
    assert "[policy.production]" in error.value.message


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, '[policy.production]\nquiet = "1s"\n')
    path.chmod(mode)
    with pytest.raises(Invalid, match="others may write") as error:
        load_policies(path)
    assert f"chmod go-w {path}" in error.value.hint


def test_thresholds_of_alerts_are_an_environments_own(tmp_path: Path) -> None:
    policies = load_policies(
        written(tmp_path, '[policy.production.alerts]\nburst_refusals = 100\nburst_window = "10m"\n')
    )
    assert policies.of("production").alerts == Thresholds(burst_refusals=100, burst_window=timedelta(minutes=10))
    assert policies.of("development").alerts == Thresholds()


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("burst = 3", "no field 'burst'"),
        ("burst_refusals = 0", "burst_refusals is a whole number above 0"),
        ("burst_refusals = true", "burst_refusals is a whole number above 0"),
        ('burst_refusals = "many"', "burst_refusals is a whole number above 0"),
        ("route_percent = 101", "route_percent is a share"),
        ("near_end = 4", "near_end is a duration"),
        ('near_end = "soon"', "not a duration: 'soon'"),
    ],
)
def test_a_broken_threshold_names_table_and_field(tmp_path: Path, line: str, named: str) -> None:
    path = written(tmp_path, f"[policy.production.alerts]\n{line}\n")
    with pytest.raises(Invalid, match=named) as error:
        load_policies(path)
    assert f"{path}:2: [policy.production.alerts]" in error.value.message


def test_thresholds_are_a_table(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="table of thresholds"):
        load_policies(written(tmp_path, "[policy.production]\nalerts = 3\n"))


def test_retention_keeps_its_defaults_where_nothing_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, '[retention]\nminutes = "7d"\naddresses = "truncated"\n')
    assert load_retention(path) == Retention(minutes=timedelta(days=7), addresses=Addresses.TRUNCATED)
    assert load_retention(tmp_path / "none.toml") == Retention()


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('weeks = "3w"', "no field 'weeks'"),
        ("days = 90", "days is a duration in quotes"),
        ('hours = "soon"', "not a duration: 'soon'"),
        ('hours = "1d"', "minutes, hours and days overlap"),
        ('addresses = "some"', "addresses = 'some'"),
        ("addresses = true", "addresses = True"),
    ],
)
def test_a_broken_retention_names_table_and_field(tmp_path: Path, line: str, named: str) -> None:
    with pytest.raises(Invalid, match=named) as error:
        load_retention(written(tmp_path, f"[retention]\n{line}\n"))
    assert "[retention]" in error.value.message
