"""Piping a secret to a command: on its standard input and nowhere else."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from keytui.command import parse_command, pipe_to_command
from keytui.domain.errors import Invalid, Refused
from keytui.domain.secrets import Secret

SECRET = Secret("tk_canary0000000000000000000000000")


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *arguments)


def test_the_command_reads_exactly_the_secret(tmp_path: Path) -> None:
    out = tmp_path / "out"
    pipe_to_command(
        python("import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read())", str(out)), SECRET
    )
    assert out.read_text() == SECRET.reveal()


def test_neither_arguments_nor_environment_carry_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = (
        "import os, sys, pathlib; sys.stdin.read();"
        "pathlib.Path(sys.argv[1]).write_text(repr(sys.argv) + repr(dict(os.environ)))"
    )
    pipe_to_command(python(code, str(out)), SECRET)
    assert out.read_text()
    assert SECRET.reveal() not in out.read_text()


def test_what_the_command_prints_does_not_reach_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    pipe_to_command(python("import sys; s = sys.stdin.read(); print(s); print(s, file=sys.stderr)"), SECRET)
    assert capfd.readouterr() == ("", "")


def test_the_exit_code_is_told_and_the_output_is_not() -> None:
    with pytest.raises(Refused, match="exited with 3") as caught:
        pipe_to_command(python("import sys; print(sys.stdin.read()); sys.exit(3)"), SECRET)
    assert SECRET.reveal() not in str(caught.value) + caught.value.hint


def test_a_command_that_does_not_read_still_ends_well() -> None:
    pipe_to_command(("true",), SECRET)


def test_a_command_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    child = tmp_path / "child"
    code = (
        "import pathlib, subprocess, sys, time;"
        "child = subprocess.Popen(['sleep', '60']);"
        "pathlib.Path(sys.argv[1]).write_text(str(child.pid)); time.sleep(60)"
    )
    with pytest.raises(Refused, match="did not end within 1 s"):
        pipe_to_command(python(code, str(child)), SECRET, timeout=1)
    assert ended(int(child.read_text()))


def ended(pid: int) -> bool:
    """Whether the process is gone, or a zombie that nobody has waited for, within five seconds."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
    return False


@pytest.mark.parametrize(("number", "name"), [(15, "SIGTERM"), (40, "signal 40")])
def test_the_end_by_a_signal_is_named(number: int, name: str) -> None:
    with pytest.raises(Refused, match=f"was ended by {name}"):
        pipe_to_command(python(f"import os; os.kill(os.getpid(), {number})"), SECRET)


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(Invalid, match="'no-such-program' cannot be started"):
        pipe_to_command(("no-such-program",), SECRET)


def test_a_secret_in_the_command_line_is_refused_before_anything_runs() -> None:
    with pytest.raises(Invalid, match="holds the secret") as caught:
        pipe_to_command(("gh", f"--body={SECRET.reveal()}"), SECRET)
    assert SECRET.reveal() not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [("", "no command"), ("  ", "no command"), ("gh 'secret", "cannot be read"), ("cat > out", "shell's word")],
)
def test_a_line_that_cannot_run_says_why(line: str, complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint):
        parse_command(line)


def test_a_line_is_split_as_a_shell_would() -> None:
    assert parse_command("gh secret set 'API KEY' --repo=a/b") == ("gh", "secret", "set", "API KEY", "--repo=a/b")


def test_a_null_byte_is_a_clear_error_too() -> None:
    with pytest.raises(Invalid, match="null byte"):
        pipe_to_command(("cat\0",), SECRET)
