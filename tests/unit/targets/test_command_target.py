"""The target that is the site's own command."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.errors import OutcomeUnknown, Refused
from keytui.domain.keys import Key
from keytui.domain.secrets import Secret
from keytui.targets.piping import CommandTarget
from tests.world import NOON

KEY = Key("k1", "checkout", "production", NOON)
SECRET = Secret("tk_canary0000000000000000000000000")
STORE = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read() + ' '.join(sys.argv[2:]))"


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *arguments)


def test_the_command_gets_the_secret_and_is_told_which_key_it_is(tmp_path: Path) -> None:
    out = tmp_path / "out"
    target = CommandTarget("ci", python(STORE, str(out), "{id}", "{name}", "{environment}", "{version}", "{other}"))
    target.rehearse(KEY)
    assert not out.exists()

    target.deliver(KEY, 7, SECRET)

    assert out.read_text() == SECRET.reveal() + "k1 checkout production 7 {other}"
    assert (target.abilities.reads_back, target.abilities.rolls_back) == (False, False)


def test_another_command_reads_back_and_a_third_rolls_back(tmp_path: Path) -> None:
    out, gone = tmp_path / "out", tmp_path / "gone"
    target = CommandTarget("ci", python(STORE, str(out)), ("cat", str(out)), ("mv", str(out), str(gone)))
    target.deliver(KEY, 2, SECRET)
    assert target.read_back(KEY) == SECRET
    target.roll_back(KEY, 2)
    assert gone.read_text() == SECRET.reveal()
    with pytest.raises(Refused, match="target ci: 'cat' exited with 1"):
        target.read_back(KEY)


def test_one_that_says_much_puts_back_all_the_same(tmp_path: Path) -> None:
    done = tmp_path / "done"
    code = "import pathlib, sys; print('x' * 200_000, flush=True); pathlib.Path(sys.argv[1]).touch()"
    CommandTarget("ci", ("true",), (), python(code, str(done))).roll_back(KEY, 2)
    assert done.exists()


def test_one_that_does_not_put_back_is_refused() -> None:
    for code in ("print('x' * 200_000); raise SystemExit(3)", "import time; time.sleep(60)"):
        with pytest.raises(Refused, match=r"exited with 3|was killed"):
            CommandTarget("ci", ("true",), (), python(code), timedelta(seconds=0.5)).roll_back(KEY, 2)


@pytest.mark.parametrize(("printed", "read"), [("", None), ("\n", None), ("abc\n", "abc"), ("abc\r\n", "abc")])
def test_what_is_read_back_is_one_line(printed: str, read: str | None) -> None:
    target = CommandTarget("ci", ("true",), python("import sys; sys.stdout.write(sys.argv[1])", printed))
    found = target.read_back(KEY)
    assert (None if found is None else found.reveal()) == read


@pytest.mark.parametrize("code", ["import sys; sys.stdout.buffer.write(b'\\xff')", "print('x' * 70000)"])
def test_what_cannot_be_a_secret_is_refused(code: str) -> None:
    with pytest.raises(Refused, match="no secret"):
        CommandTarget("ci", ("true",), python(code)).read_back(KEY)


def test_of_a_command_that_failed_nobody_knows(tmp_path: Path) -> None:
    """It may have stored the secret, and failed after that."""
    out = tmp_path / "out"
    with pytest.raises(OutcomeUnknown, match=r"target ci: .* exited with 3") as refused:
        CommandTarget("ci", python(STORE + "; raise SystemExit(3)", str(out))).deliver(KEY, 2, SECRET)
    assert out.read_text() == SECRET.reveal()
    assert SECRET.reveal() not in str(refused.value)


def test_one_that_cannot_be_started_did_not_take_it() -> None:
    with pytest.raises(Refused, match="target ci: 'no-such' cannot be started"):
        CommandTarget("ci", ("no-such",)).deliver(KEY, 2, SECRET)


@pytest.mark.parametrize("code", ["import time; time.sleep(60)", "import os; os.kill(os.getpid(), 15)"])
def test_of_one_that_was_cut_off_nobody_knows(code: str) -> None:
    target = CommandTarget("ci", python(code), timeout=timedelta(seconds=0.5))
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="target ci"):
        target.deliver(KEY, 2, SECRET)
    assert time.monotonic() - began < 10


def test_a_program_that_is_not_there_is_found_before_anything_is_minted() -> None:
    for target in (CommandTarget("ci", ("no-such",)), CommandTarget("ci", ("true",), ("no-such",))):
        with pytest.raises(Refused, match="'no-such' cannot be started"):
            target.rehearse(KEY)


def test_it_does_not_put_back_what_it_cannot() -> None:
    with pytest.raises(Refused, match="cannot put back"):
        CommandTarget("ci", ("true",)).roll_back(KEY, 2)
