"""Profiles by commands: a team's server is named, and its token is not written down."""

from __future__ import annotations

import io
import json
import stat
import sys
from functools import cached_property
from pathlib import Path

import keyring
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.errors import NoKeyringError

from keytui.cli.entry import main
from keytui.domain.errors import Refused
from keytui.domain.references import parse_reference
from keytui.domain.secrets import Secret
from keytui.vault.profile import load_profile
from keytui.vault.profile_entries import add_entry, remove_entry
from keytui.vault.references import resolve

TOKEN = "kto_" + "a1b2c3d4" * 5
WRITTEN = """\
# how our team works
[policy.production]
rotation_interval = "60d"   # agreed in May

# the bench
[profiles.bench]
directory = "/srv/bench"
"""


class Kept(KeyringBackend):
    """A keyring in memory."""

    priority = 1.0

    @cached_property
    def held(self) -> dict[tuple[str, str], str]:
        return {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KEYTUI_HOME", str(tmp_path))
    monkeypatch.delenv("KEYTUI_CONFIG", raising=False)
    path = tmp_path / "config.toml"
    path.write_text(WRITTEN)
    path.chmod(0o600)
    return path


class NoKeyring(Kept):
    """What the library falls back to on a machine without one."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NoKeyringError(f"no backend, and {password}")


def with_keyring(backend: KeyringBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)


def pipe(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_a_server_is_added_below_what_the_operator_wrote(config: Path) -> None:
    assert main(["profiles", "add", "prod", "https://keys.example.com/", "--token-env", "T", "--production"]) == 0

    assert config.read_text().startswith(WRITTEN)
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    profile = load_profile("prod")
    assert profile.server is not None
    assert (profile.server.url, profile.server.host) == ("https://keys.example.com", "keys.example.com")
    assert (str(profile.server.token), profile.read_only) == ("env:T", True)


def test_a_first_profile_makes_the_file(config: Path) -> None:
    config.unlink()
    assert main(["profiles", "add", "prod", "https://keys.example.com", "--token-command", "pass show keytui"]) == 0
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert str(load_profile("prod").server.token) == "command:pass show keytui"  # type: ignore[union-attr]


def test_removing_leaves_the_rest_as_it_was(config: Path) -> None:
    main(["profiles", "add", "prod", "https://keys.example.com", "--token-env", "T"])
    assert main(["profiles", "remove", "prod"]) == 0
    assert config.read_text() == WRITTEN

    assert main(["profiles", "remove", "bench"]) == 0
    assert config.read_text() == WRITTEN[: WRITTEN.index("\n# the bench")] + "\n# the bench\n"


def test_they_are_listed_with_where_the_token_stands(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["profiles", "add", "prod", "https://keys.example.com", "--token-env", "T", "--production"])
    capsys.readouterr()
    assert main(["profiles", "list", "--json"]) == 0
    listed = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert list(listed) == ["default", "bench", "prod"]
    assert listed["prod"] == {
        "name": "prod",
        "url": "https://keys.example.com",
        "directory": None,
        "token": "env:T",
        "read_only": True,
    }


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["prod", "http://keys.example.com", "--token-env", "T"], "not an https:// address"),
        (["prod", "https://ada:pw@keys.example.com", "--token-env", "T"], "holds a credential"),
        (["prod", "https://keys.example.com"], "where the token stands"),
        (["prod", "https://keys.example.com", "--token-env", "T", "--token-keyring"], "where the token stands"),
        (["a b", "https://keys.example.com", "--token-env", "T"], "cannot name a profile"),
        (["bench", "https://keys.example.com", "--token-env", "T"], "already"),
    ],
)
def test_what_cannot_be_added(config: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profiles", "add", *words]) != 0
    assert says in capsys.readouterr().err
    assert config.read_text() == WRITTEN


def test_a_token_in_the_file_is_refused_and_not_repeated(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(f'{WRITTEN}[profiles.prod]\nurl = "https://keys.example.com"\ntoken = "{TOKEN}"\n')
    assert main(["--profile", "prod", "list"]) != 0
    said = capsys.readouterr()
    assert "never written down" in said.err
    assert TOKEN not in said.out + said.err
    assert main(["profiles", "remove", "prod"]) == 0


def test_the_keyring_takes_the_token_from_standard_input(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()  # type: ignore[no-untyped-call]  # the library has no types
    with_keyring(kept, monkeypatch)
    main(["profiles", "add", "prod", "https://keys.example.com", "--token-keyring"])
    pipe(monkeypatch, f"{TOKEN}\n")

    assert main(["profiles", "token", "prod"]) == 0

    assert kept.held == {("keytui", "prod"): TOKEN}
    assert TOKEN not in config.read_text()
    assert resolve(parse_reference("keyring:prod"), {}) == Secret(TOKEN)
    assert main(["profiles", "remove", "prod"]) == 0
    assert kept.held == {}
    with pytest.raises(Refused, match="holds nothing"):
        resolve(parse_reference("keyring:prod"), {})


def test_without_a_keyring_it_says_so(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with_keyring(NoKeyring(), monkeypatch)  # type: ignore[no-untyped-call]  # the library has no types
    main(["profiles", "add", "prod", "https://keys.example.com", "--token-keyring"])
    pipe(monkeypatch, TOKEN)

    assert main(["profiles", "token", "prod"]) != 0

    said = capsys.readouterr().err
    assert "no keyring that works" in said
    assert TOKEN not in said


def test_what_is_no_token_is_not_kept(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()  # type: ignore[no-untyped-call]  # the library has no types
    with_keyring(kept, monkeypatch)
    main(["profiles", "add", "prod", "https://keys.example.com", "--token-keyring"])
    pipe(monkeypatch, "two words\nand more")
    assert main(["profiles", "token", "prod"]) != 0
    assert kept.held == {}


def test_a_file_that_is_written_in_another_way_is_left_alone(config: Path) -> None:
    odd = 'profiles = { prod = { directory = "/srv/x" } }\n'
    config.write_text(odd)
    assert main(["profiles", "remove", "prod"]) != 0
    assert main(["profiles", "add", "other", "https://keys.example.com", "--token-env", "T"]) != 0
    assert config.read_text() == odd


REMARKS = st.lists(st.sampled_from(["", "# a remark", "  # [profiles.x]"]), max_size=3)


@given(st.lists(st.tuples(REMARKS, st.sampled_from("abcd"), REMARKS), max_size=4, unique_by=lambda each: each[1]))
def test_any_table_can_be_taken_out_again(
    tmp_path_factory: pytest.TempPathFactory, tables: list[tuple[list[str], str, list[str]]]
) -> None:
    """Whatever stands around: what was added goes, and not a line besides."""
    path = tmp_path_factory.mktemp("config") / "config.toml"
    lines: list[str] = []
    for above, name, within in tables:
        lines += [*above, f"[profiles.{name}]", 'directory = "/srv"', *within, "production = true"]
    text = "".join(f"{line}\n" for line in lines)
    path.write_text(text)
    path.chmod(0o600)

    add_entry(path, "new", {"url": "https://keys.example.com", "token": "env:T"})
    assert path.read_text().startswith(text)
    remove_entry(path, "new")

    assert path.read_text() == text
