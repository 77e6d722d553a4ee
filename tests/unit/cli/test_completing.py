"""What a shell offers at tab, and that it neither waits nor says anything where there is nothing to offer."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer._click.core import Command
from typer.main import get_command

from keytui.cli.app import app
from keytui.cli.completing import with_offers
from keytui.cli.entry import main
from keytui.domain.audit import Actor, AuditFilter
from keytui.vault.local.files import DATABASE
from keytui.vault.local.keys import offered
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.saved_filters import save_filter
from tests.contract.acts import created

Offers = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four keys, two of them with names that a shell takes for more, and a kept filter."""
    home = tmp_path_factory.mktemp("home")
    profile = Profile("default", home / "default", Actor("ada"))
    with closing(LocalVault.open(profile)) as vault:
        created(vault, "checkout-api", owner="payments")
        created(vault, "check*; rm -rf", "staging", owner="a b")
        created(vault, "check$(id)", owner="")
        save_filter(profile, "mine", "env:staging")
        vault.disable(created(vault, "ci-deploy", "staging", owner="platform").key.id, "")
    config = home / "config.toml"
    config.write_text('[profiles.far]\nurl = "https://127.0.0.1:9"\ntoken = "env:NO"\n[targets.web]\nkind = "file"\n')
    config.chmod(0o600)
    return home


@pytest.fixture(autouse=True)
def own_interrupts() -> Iterator[None]:
    """Whoever completes leaves ctrl+c to the system, for the process ends with it: ours does not."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def bash(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Offers:
    """What bash is told for a line whose last word is the one that is typed; `:` stands as a word, as bash has it."""
    monkeypatch.setenv("KEYTUI_HOME", str(home))
    monkeypatch.setenv("_KEYTUI_COMPLETE", "complete_bash")

    def offers(line: str) -> list[str]:
        monkeypatch.setenv("COMP_WORDS", line.replace(" ", "\n"))
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        assert main([]) == 0
        said = capfd.readouterr()
        assert said.err == ""
        return said.out.split()

    return offers


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("keytui show c", ["checkout-api", "ci-deploy"]),
        ("keytui show check", ["checkout-api"]),
        ("keytui rotate --marked ci", ["ci-deploy"]),
        ("keytui list en", ["env:", "env:production", "env:staging"]),
        ("keytui list e", ["env:", "expires:"]),
        ("keytui list env :", ["production", "staging"]),
        ("keytui list env : st", ["staging"]),
        ("keytui list owner :", ["payments", "platform"]),
        ("keytui list flag : st", ["stale"]),
        ("keytui review --query state : ex", ["expired"]),
        ("keytui create x --target w", ["web"]),
        ("keytui --profile f", ["far"]),
        ("keytui profiles remove f", ["far"]),
        ("keytui filters remove m", ["mine"]),
        ("keytui --profile far show ", []),
        ("keytui --profile nobody show c", []),
        ("keytui rota", ["rotate", "rotations"]),
        ("keytui incident c", ["close", "checkout-api", "ci-deploy"]),
        ("keytui incident checkout-api --fi", ["--first"]),
    ],
)
def test_the_word_that_is_typed_is_completed(bash: Offers, line: str, offered: list[str]) -> None:
    assert bash(line) == offered


def test_a_vault_that_is_locked_away_or_broken_offers_nothing_at_once(
    bash: Offers, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(home / "default" / DATABASE)) as busy:
        busy.execute("PRAGMA locking_mode = EXCLUSIVE")
        busy.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        bash("keytui show c")
        assert time.monotonic() - began < 2
        busy.rollback()
    monkeypatch.setenv("KEYTUI_HOME", str(tmp_path))
    assert bash("keytui show c") == []
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / DATABASE).write_bytes(b"not a database" * 100)
    assert bash("keytui show c") == []
    (tmp_path / "config.toml").write_text("[[[")
    assert bash("keytui show c") == []
    assert bash("keytui --profile ") == []


def test_a_server_that_never_answers_is_waited_for_no_longer_than_told(
    bash: Offers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keytui.cli.completing._LONGEST", 0.3)
    monkeypatch.setenv("KEYTUI_HOME", str(tmp_path))
    monkeypatch.setenv("TOKEN", "kt_nobody")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        (tmp_path / "config.toml").write_text(f'[profiles.team]\nurl = "{url}"\ntoken = "env:TOKEN"\n')
        (tmp_path / "config.toml").chmod(0o600)
        began = time.monotonic()
        assert bash("keytui --profile team show c") == []
        assert bash("keytui --profile team show --j") == ["--json"]
        silent.settimeout(5)
        silent.accept()[0].close()
    assert time.monotonic() - began < 5


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """In a process of its own: one that waits in the system for a pipe hears nothing."""
    (tmp_path / "default").mkdir()
    os.mkfifo(tmp_path / "default" / DATABASE)
    typed = {"_KEYTUI_COMPLETE": "complete_bash", "COMP_WORDS": "keytui\nshow\n", "COMP_CWORD": "2"}
    home = {"KEYTUI_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-m", "keytui"], env={**os.environ, **home, **typed}, timeout=20, check=True)


def test_signals_end_a_completion_as_they_end_any_process(bash: Offers, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[object] = []

    def listening(*_: object) -> tuple[str, ...]:
        heard.extend(map(signal.getsignal, (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)))
        return ()

    monkeypatch.setattr(offered, "words_of", listening)
    bash("keytui show ")
    assert heard == [signal.SIG_DFL] * 4


def test_zsh_and_fish_are_told_whole_words(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KEYTUI_HOME", str(home))
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "keytui list env:st")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    for shell, told in (("zsh", "env\\\\:staging"), ("fish", "env:staging")):
        monkeypatch.setenv("_KEYTUI_COMPLETE", f"complete_{shell}")
        main([])
        assert told in capfd.readouterr().out


def test_nothing_is_logged_and_no_store_is_imported(home: Path) -> None:
    program = (
        "import json, sys\nfrom keytui.cli.entry import main\nmain([])\n"
        "print(json.dumps([name for name in ('sqlmodel', 'httpx', 'textual', 'cryptography') if name in sys.modules]))"
    )
    with closing(LocalVault.open(Profile("default", home / "default", Actor("ada")))) as vault:
        before = vault.audit(AuditFilter(), 0, 1).total
        typed = {"_KEYTUI_COMPLETE": "complete_bash", "COMP_WORDS": "keytui show check", "COMP_CWORD": "2"}
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "KEYTUI_HOME": str(home), **typed},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stdout.splitlines()[0] == "checkout-api"
        assert json.loads(done.stdout.splitlines()[-1]) == []
        assert vault.audit(AuditFilter(), 0, 1).total == before


def test_whatever_the_help_calls_a_key_is_completed() -> None:
    """So a new command has it too; what NAME means is said for each."""

    def plain(command: Command) -> Iterator[str]:
        for parameter in command.params:
            if parameter.metavar in {"KEY", "QUERY", "Q", "E", "O"} and parameter._custom_shell_complete is None:
                yield f"{command.name} {parameter.name}"
        for below in getattr(command, "commands", {}).values():
            yield from plain(below)

    assert list(plain(with_offers(get_command(app)))) == []
    assert list(plain(get_command(app))) != []
