"""The installed commands where only a real process tells the truth: streams that fail, and what a start imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from keytui.domain.rotation import RotationState
from tests.end_to_end.display import PATIENCE
from tests.end_to_end.home import KEYTUI, Home

CREATE = ("create", "bookings", "--env", "production", "--owner", "payments", "--scope", "read")


def run_into(home: Home, output: int, *words: str, program: str = KEYTUI) -> subprocess.CompletedProcess[str]:
    """Run a command with that descriptor as its standard output."""
    return subprocess.run(
        [program, *words],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        env=home.env,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def run_without_output(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose standard output was closed by the caller."""
    return subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", KEYTUI, *words],
        env=home.env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_nothing_is_minted_for_a_reader_that_is_gone(home: Home) -> None:
    home.create("checkout")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        for words in (CREATE, ("rotate", "checkout")):
            refused = run_into(home, writing, *words)
            assert refused.returncode == 1, refused
            assert "nobody reads" in refused.stderr
    finally:
        os.close(writing)
    assert home.names() == ["checkout"]
    assert home.detail("checkout").rotations == ()


def test_nothing_is_minted_for_an_output_that_leads_nowhere(home: Home) -> None:
    home.create("checkout")
    for words in (CREATE, ("rotate", "checkout"), ("rotate", "checkout", "--json")):
        assert "thrown away" in run_into(home, subprocess.DEVNULL, *words).stderr
        assert run_without_output(home, *words).returncode == 1
    assert home.names() == ["checkout"]
    assert home.detail("checkout").rotations == ()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_nothing_is_minted_for_a_full_disk(home: Home) -> None:
    home.create("checkout")
    with Path("/dev/full").open("w") as full:
        for words in (CREATE, ("rotate", "checkout"), ("list",)):
            refused = run_into(home, full.fileno(), *words)
            assert refused.returncode == 1
            assert "cannot be written" in refused.stderr
            assert "Traceback" not in refused.stderr
    assert home.names() == ["checkout"]
    assert home.detail("checkout").rotations == ()


@contextmanager
def clogged() -> Iterator[int]:
    """An output that looks well and fails as it is written to: a full pipe that does not wait."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"." * 4096)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b".")
    try:
        yield writing
    finally:
        os.close(writing)
        os.close(reading)


def test_a_secret_that_could_not_be_written_leaves_the_rotation_to_be_resumed(home: Home) -> None:
    old = home.create("checkout")
    with clogged() as output:
        refused = run_into(home, output, "rotate", "checkout")
    assert refused.returncode == 1
    assert "--resume" in refused.stderr
    assert home.rotation("checkout").state is RotationState.ISSUED
    assert home.check(old).valid
    new = home.know(home.keytui("rotate", "checkout", "--resume").stdout)
    assert home.check(new).valid


def test_a_created_key_whose_secret_was_lost_says_how_to_get_another(home: Home) -> None:
    with clogged() as output:
        refused = run_into(home, output, *CREATE)
    assert refused.returncode == 1
    assert "--strategy immediate" in refused.stderr
    assert home.names() == ["bookings"]


def test_due_stops_where_nobody_takes_the_secrets_any_more(home: Home) -> None:
    """The first secret could not be written: no second one may be minted for the same output."""
    for name in ("one", "two"):
        home.create(name)
    code = (
        "import sys; from datetime import timedelta; import keytui.cli.session as session;"
        "from keytui.clock import utc_now; from keytui.vault.local.vault import LocalVault;"
        "later = lambda: utc_now() + timedelta(days=100);"
        "session.open_vault = lambda profile: LocalVault.open(profile, clock=later);"
        "from keytui.cli.entry import main; sys.exit(main(['rotate', '--due', '--json']))"
    )
    with clogged() as output:
        done = run_into(home, output, "-c", code, program=sys.executable)
    assert done.returncode == 1, done.stderr
    assert home.rotation("one").state is RotationState.ISSUED
    assert home.detail("two").rotations == ()


def test_a_file_that_others_can_read_is_remarked_upon(home: Home) -> None:
    path = home.directory.parent / "secret"
    with path.open("w") as file:
        path.chmod(0o644)
        done = run_into(home, file.fileno(), *CREATE)
    assert done.returncode == 0
    assert "others can read" in done.stderr
    assert home.check(path.read_text()).valid


def test_a_reader_that_leaves_early_gets_no_complaint(home: Home) -> None:
    home.create("checkout")
    done = subprocess.run(
        ["/bin/sh", "-c", '{ "$1" list --json; echo $? >&2; } | head -c 0', "sh", KEYTUI],
        env=home.env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("", f"{128 + signal.SIGPIPE}\n")


def test_output_to_a_full_disk_is_named(home: Home) -> None:
    home.create("checkout")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [KEYTUI, "list"],
            env=home.env,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 1
    assert "standard output cannot be written: No space left" in done.stderr


def test_without_a_terminal_the_passphrase_comes_from_a_file_of_its_own(home: Home) -> None:
    done = subprocess.run(
        [KEYTUI, "passphrase", "set"],
        input="never taken for a passphrase\n",
        env=home.env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        start_new_session=True,
        check=False,
    )
    assert done.returncode == 5, done
    assert "--passphrase-file" in done.stderr


def test_a_vault_that_cannot_be_read_is_unreachable(home: Home) -> None:
    home.create("checkout")
    (database,) = (home.vault_home / "default").glob("*.db")
    database.write_bytes(b"this is no database " * 400)
    refused = home.keytui("list", code=5)
    assert "Traceback" not in refused.stderr


def test_the_module_and_the_completion_answer_too(home: Home) -> None:
    version = subprocess.run(
        [sys.executable, "-m", "keytui", "--version"],
        env=home.env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert version.stdout.startswith("keytui ")
    completed = subprocess.run(
        [KEYTUI],
        env={**home.env, "_KEYTUI_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "keytui rot"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert "rotate" in completed.stdout
    assert "rotations" in completed.stdout


def test_the_console_and_the_demo_start_without_the_commands() -> None:
    code = (
        "import sys; import keytui.cli.entry, keytui.cli.console, keytui.tui.app;"
        "print([name for name in ('typer', 'sqlmodel', 'sqlalchemy', 'alembic', 'pydantic', 'cryptography')"
        " if name in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True
    ).stdout
    assert loaded == "[]\n"
