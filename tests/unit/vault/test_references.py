"""References to secrets: what stands there is read anew, and an error names the reference and never the value."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from keytui.command import MOST_BYTES
from keytui.domain.errors import Invalid, KeytuiError, Refused
from keytui.domain.references import Place, Reference, parse_reference
from keytui.vault.references import resolve


def value_of(text: str, **environment: str) -> str:
    return resolve(parse_reference(text), environment).reveal()


def test_an_environment_variable() -> None:
    assert value_of("env:TOKEN", TOKEN="abc") == "abc"


def test_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("abc\n")
    path.chmod(0o600)
    assert value_of(f"file:{path}") == "abc"


def test_a_pipe_that_a_shell_hands_over_is_read() -> None:
    """As `file:<(pass show token)` comes: by the number of the descriptor."""
    reading, writing = os.pipe()
    with os.fdopen(reading), os.fdopen(writing, "wb") as written:
        written.write(b"handed-over\n")
        written.close()
        assert resolve(Reference(Place.FILE, f"/dev/fd/{reading}"), {}).reveal() == "handed-over"


def test_a_command_without_a_shell() -> None:
    assert value_of("command:printf %s '$HOME; a b'") == "$HOME; a b"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "token"
    path.write_text("abc")
    path.chmod(mode)
    with pytest.raises(Refused, match="others can read"):
        value_of(f"file:{path}")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("env:NOWHERE", "env:NOWHERE"),
        ("file:/nowhere/at/all", "file:/nowhere"),
        ("command:false", "'false' exited with 1"),
        ("command:no-such-program-here", "no-such-program-here"),
        ("command:a | b", "'|'"),
        ("command:true", "gives nothing"),
    ],
)
def test_what_gives_nothing_is_named(text: str, named: str) -> None:
    with pytest.raises(KeytuiError) as error:
        value_of(text)
    assert named in error.value.message


def test_too_much_and_no_text_are_no_secrets(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.touch(0o600)
    for content in (b"x" * (MOST_BYTES + 1), b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(Invalid, match="file:"):
            value_of(f"file:{path}")


def test_a_command_that_prints_without_an_end_is_killed_at_once() -> None:
    with pytest.raises(Invalid, match="command:yes gives more than"):
        value_of("command:yes")


def test_a_command_that_waits_is_killed() -> None:
    with pytest.raises(Refused, match="was killed"):
        resolve(Reference(Place.COMMAND, "sleep 60"), {}, timeout=0.05)
