"""`keytui import`: .env files as teams have them, and as nobody should."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from keytui.domain.secrets import FORMATS
from tests.unit.cli.conftest import Commands
from tests.world import repeatable_randomness

_random = repeatable_randomness(7)
TK = [FORMATS["tk"].mint(_random).reveal() for _ in range(5)]
HK = FORMATS["hk"].mint(_random).reveal()
PASSWORD = "s3cr3t-p4ssw0rd"
STRIPE = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    """Everything that can be wrong with a .env file and yet be read."""
    path = tmp_path / ".env"
    path.write_bytes(
        "\r\n".join(
            [
                "\ufeff# the platform's keys",
                f"API_KEYS={TK[0]}, {TK[1]},,{TK[0]},",
                f"export WIDGET_API_KEY='{HK}'  # the widget's",
                f'B2B_API_KEY="{TK[2]}"',
                f"B2B_API_KEY={TK[3]}",
                f"SAME_API_KEY={TK[1]}",
                "EMPTY_API_KEY=",
                "BLANK_API_KEYS= , ,",
                "LATER_API_KEY=${B2B_API_KEY}",
                "WEAK_API_KEY=hunter2",
                f"DATABASE_URL=postgres://app:{PASSWORD}@db/app",
                f"STRIPE_API_KEY={STRIPE}",
                f"GITHUB_TOKEN=ghp_{'a1B2' * 9}",
                f"SESSION_SECRET={PASSWORD}",
                f"SIGNING_KEY={TK[4]}",
                "PORT=3000",
                "=nonsense",
                "BARE",
                f"EVIL\x1b[31m_API_KEY={TK[4]}",
                f"X$(touch${{IFS}}owned)_TOKEN={TK[4]}",
                "",
            ]
        ).encode()
    )
    return path


def test_a_nasty_file_gives_its_api_keys_and_names_the_rest(keytui: Commands, env_file: Path) -> None:
    done = keytui("import", str(env_file), "--owner", "payments", "--app", "web", "--scope", "x", "--json")
    answer = done.answer
    assert answer.keys() == {"added", "present", "weak", "left_out"}
    added = answer["added"]
    assert isinstance(added, list)
    assert [key["name"] for key in added] == [
        "api-keys-1",
        "api-keys-2",
        "widget-api-key",
        "b2b-api-key",
        "weak-api-key",
    ]
    assert {key["environment"] for key in added} == {"production"}
    assert {key["owner"] for key in added} == {"payments"}
    assert answer["weak"] == ["weak-api-key"]
    assert added[-1]["prefix"] is None
    left_out = answer["left_out"]
    assert isinstance(left_out, list)
    hows = {one["variable"]: one["how"] for one in left_out}
    assert "keytui seal database-url --kind connection-string" in hows["DATABASE_URL"]
    for name in ("STRIPE_API_KEY", "GITHUB_TOKEN", "SESSION_SECRET"):
        assert "keytui seal" in hows[name]
    assert hows["SIGNING_KEY"] == "--variable SIGNING_KEY"
    assert hows["PORT"] == "--variable PORT"
    assert "$(" not in hows["X$(touch${IFS}owned)_TOKEN"]
    assert {"EVIL\x1b[31m_API_KEY", "EMPTY_API_KEY", "BLANK_API_KEYS", "LATER_API_KEY"} <= hows.keys()
    assert "holds no NAME=value and is left out" in done.err
    assert "line 17 cannot be read" in done.err
    assert "B2B_API_KEY is set twice: line 5 counts, line 4 does not" in done.err
    assert "API_KEYS has 2 empty items" in done.err
    assert "same-api-key holds the same value as api-keys-2" in done.err
    for secret in (TK[0], TK[1], TK[3], HK):
        keytui("verify", stdin=secret)
    keytui("verify", stdin=TK[2], code=1)
    keytui("verify", stdin="hunter2")


def test_no_value_of_the_file_is_ever_repeated(keytui: Commands, env_file: Path) -> None:
    said = [keytui("import", str(env_file), *more) for more in ((), ("--json",))]
    said += [keytui("list"), keytui("audit", "--json"), keytui("show", "widget-api-key")]
    text = "".join(one.out + one.err for one in said)
    stored = b"".join(path.read_bytes() for path in keytui.home.rglob("*") if path.is_file())
    for value in (*TK, HK, PASSWORD, STRIPE, "hunter2"):
        assert value not in text
        assert value.encode() not in stored
    assert "\x1b" not in text


def test_secrets_without_a_name_are_not_taken_for_names(keytui: Commands, tmp_path: Path) -> None:
    base64 = FORMATS["base64"].mint(_random).reveal()
    file = tmp_path / ".env"
    file.write_text(f"{TK[0]}\nexport {HK}\n{base64}\nAPI_KEY={TK[1]}\n")
    for more, code in ((), 0), (("--json",), 0), (("--variable", "NOT_THERE"), 1):
        said = keytui("import", str(file), *more, code=code)
        for secret in (TK[0], HK, base64.rstrip("=")):
            assert secret not in said.out + said.err


def test_a_second_import_adds_nothing(keytui: Commands, env_file: Path) -> None:
    keytui("import", str(env_file))
    again = keytui("import", str(env_file))
    assert again.out.startswith("0 added to production, 5 known already")
    assert len(keytui("list", "--json").items) == 5


def test_plain_text_names_what_was_left_out_and_how_to_take_it(keytui: Commands, env_file: Path) -> None:
    done = keytui("import", str(env_file))
    assert done.out.startswith("5 added to production")
    assert "weak" in done.out
    assert "DATABASE_URL" in done.err
    assert 'printf %s "$DATABASE_URL" | keytui seal database-url --kind connection-string' in done.err
    assert "--variable NAME" in done.err


def test_a_named_variable_is_taken_whatever_it_looks_like(keytui: Commands, env_file: Path) -> None:
    answer = keytui("import", str(env_file), "--variable", "SIGNING_KEY", "--prefix", "web-", "--json").answer
    added = answer["added"]
    assert isinstance(added, list)
    assert [key["name"] for key in added] == ["web-signing-key"]
    missing = keytui("import", str(env_file), "--variable", "NOT_THERE", code=1)
    assert "NOT_THERE" in missing.err
    assert "SIGNING_KEY" in missing.err


def test_the_environment_is_that_of_the_file_unless_it_is_said(keytui: Commands, tmp_path: Path) -> None:
    for number, (name, more, environment) in enumerate(
        ((".env.staging", (), "staging"), (".env.local", (), "production"), (".env.test", ("--env", "qa"), "qa"))
    ):
        (tmp_path / name).write_text(f"API_KEY={TK[number]}\n")
        assert f"1 added to {environment}" in keytui("import", str(tmp_path / name), *more).out


def test_a_file_without_api_keys_says_so(keytui: Commands, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=3000\n")
    refused = keytui("import", str(tmp_path / ".env"), code=1)
    assert "PORT" in refused.err
    assert "--variable" in refused.err


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (None, 1, "no file"),
        (b"API_KEY=caf\xe9\n", 2, "line 1"),
        ("API_KEY=x\n".encode("utf-16"), 2, "text"),
        (b"API_KEY=\0\0\n", 2, "null"),
        (b"#" * (1024 * 1024 + 1), 2, "KiB"),
    ],
)
def test_what_is_no_env_file_is_refused(
    keytui: Commands, tmp_path: Path, content: bytes | None, code: int, said: str
) -> None:
    path = tmp_path / ".env"
    if content is not None:
        path.write_bytes(content)
    refused = keytui("import", str(path), code=code)
    assert said in refused.err
    assert refused.out == ""


def test_a_directory_or_pipe_is_refused(keytui: Commands, tmp_path: Path) -> None:
    assert "it is a directory, and no file" in keytui("import", str(tmp_path), code=2).err
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "it is a pipe, and no file" in keytui("import", str(pipe), code=2).err
