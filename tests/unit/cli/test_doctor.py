"""`keytui doctor`: each thing that can be wrong is named with the way out, and nothing is changed by looking."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.cli import terminal_findings
from keytui.cli.terminal_findings import look_at_terminal
from keytui.clock import utc_now
from keytui.vault.doctor.finding import State
from keytui.vault.doctor.storage import look_at_storage
from tests.another_process import locked, require_told_locks
from tests.spoiling import spoil
from tests.unit.cli.conftest import Commands, Run


@pytest.fixture
def vault(keytui: Commands) -> Path:
    """The directory of a vault with one key."""
    keytui.created("one")
    return keytui.home / "default"


def states(run: Run) -> dict[str, set[object]]:
    found: dict[str, set[object]] = {}
    for item in run.items:
        found.setdefault(str(item["subject"]), set()).add(item["state"])
    return found


def snapshot(directory: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(path.relative_to(directory)): (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def test_a_sound_vault_has_nothing_to_do_and_is_not_touched(keytui: Commands, vault: Path) -> None:
    before = snapshot(keytui.home)

    done = keytui("doctor")
    found = keytui("doctor", "--json")

    assert set().union(*states(found).values()) == {"ok"}, done.out
    assert set(states(found)) == {"terminal", "vault", "storage", "clock", "permissions", "git", "configuration"}
    assert snapshot(keytui.home) == before
    assert vault.exists()


def test_before_there_is_anything_nothing_is_made(keytui: Commands) -> None:
    keytui("doctor")
    assert not keytui.home.exists()


def cut(vault: Path) -> None:
    path = vault / "vault.db"
    path.write_bytes(path.read_bytes()[:-8192])


def newer(vault: Path) -> None:
    with closing(sqlite3.connect(vault / "vault.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()


def other(vault: Path) -> None:
    with closing(sqlite3.connect(vault / "vault.db")) as database:
        database.execute("DROP TABLE alembic_version")


def put(path: Path, make: Callable[[Path, int], object]) -> None:
    path.unlink()
    make(path, 0o600)


def forget_words(vault: Path) -> None:
    """What SQLite's own check does not see: FTS5 keeps its index in ordinary tables."""
    with closing(sqlite3.connect(vault / "vault.db")) as database:
        database.execute("DELETE FROM key_words_data WHERE id > 10")
        database.commit()


def an_open_pipe(vault: Path) -> None:
    os.mkfifo(vault / "spare")
    (vault / "spare").chmod(0o644)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (cut, "damaged"),
        (lambda vault: (vault / "vault.db").write_text("not a database" * 1000), "not a database"),
        (lambda vault: (vault / "vault.db").write_bytes(b""), "vault.db is empty"),
        (lambda vault: put(vault / "vault.db", os.mkfifo), "is a pipe"),
        (lambda vault: put(vault / "vault.db", os.mkdir), "is a directory"),
        (lambda vault: spoil(vault, "key_words_data"), "`keytui rebuild` makes the rest anew"),
        (lambda vault: spoil(vault, "ix_keys_owner"), "`keytui rebuild` makes the rest anew"),
        (forget_words, "the index of names"),
        (lambda vault: spoil(vault, "keys"), "docs/guide/recovery.md"),
        (newer, "newer keytui"),
        (other, "not a vault"),
        (lambda vault: (vault / "vault.db").unlink(), "is missing"),
        (lambda vault: (vault / "pepper").unlink(), "pepper missing"),
        (lambda vault: (vault / "signing.key").write_bytes(b"short"), "signing.key does not hold"),
        (lambda vault: (vault / "signing.key").write_bytes(b"x" * 32), "signing.key is not the one"),
        (lambda vault: (vault / "pepper").write_bytes(b"x" * 32), "pepper is not the one"),
        (lambda vault: (vault / "audit.head").unlink(), "audit.head is missing"),
        (lambda vault: put(vault / "audit.head", os.mkfifo), "keytui audit verify --checkpoint"),
        (lambda vault: (vault / "audit.head").write_text("{}"), "keytui audit verify --checkpoint"),
        (lambda vault: vault.chmod(0o750), "chmod 700"),
        (an_open_pipe, "chmod 600"),
        (lambda vault: (vault / "pepper").chmod(0o644), "chmod 600"),
        (lambda vault: os.utime(vault / "audit.head", (time.time() + 3600,) * 2), "clock is behind"),
    ],
)
def test_what_is_wrong_with_a_vault_is_a_problem_with_a_way_out(
    keytui: Commands, vault: Path, harm: Callable[[Path], object], says: str
) -> None:
    harm(vault)

    found = keytui("doctor", "--json", code=1)

    problems = [item for item in found.items if item["state"] == "problem"]
    assert len(problems) == 1, problems
    assert says in f"{problems[0]['found']} {problems[0]['todo']}"
    assert problems[0]["todo"]
    text = keytui("doctor", code=1).out
    assert f"problem  {problems[0]['subject']}: {problems[0]['found']}" in text


def test_an_older_copy_in_the_vaults_place_is_a_problem(keytui: Commands, vault: Path) -> None:
    shutil.copy(vault / "vault.db", vault / "older")
    keytui.created("two")
    (vault / "older").replace(vault / "vault.db")
    assert "an older copy of itself" in keytui("doctor", code=1).out


def test_a_clock_behind_the_newest_entry_is_a_problem(
    keytui: Commands, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keytui.cli.doctor.utc_now", lambda: utc_now() - timedelta(days=2))
    found = [item["found"] for item in keytui("doctor", "--json", code=1).items if item["subject"] == "clock"]
    assert any("the vault's newest entry, by 47h" in str(each) for each in found), found
    assert vault.exists()


def test_a_clock_far_ahead_wants_an_eye(keytui: Commands, vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keytui.cli.doctor.utc_now", lambda: utc_now() + timedelta(days=365))
    found = [item for item in keytui("doctor", "--json").items if item["subject"] == "clock"]
    assert [item["state"] for item in found] == ["warning"]
    assert "this clock is ahead" in str(found[0]["todo"])
    assert vault.exists()


def no_locks(*_: object) -> None:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def too_old(*_: object, **__: object) -> sqlite3.Connection:
    raise sqlite3.OperationalError("no such tokenizer: trigram")


@pytest.mark.parametrize(
    ("name", "instead", "says"),
    [
        ("storage.fcntl.flock", no_locks, "keeps no locks"),
        ("storage.sqlite3.connect", too_old, "no such tokenizer"),
        ("storage._kind", lambda *_: "nfs4", "is on nfs4"),
    ],
)
def test_what_a_vault_stands_on_is_looked_at(
    vault: Path, monkeypatch: pytest.MonkeyPatch, name: str, instead: object, says: str
) -> None:
    assert [each.state for each in look_at_storage(vault)] == [State.OK]
    monkeypatch.setattr(f"keytui.vault.doctor.{name}", instead)
    (found,) = look_at_storage(vault)
    assert found.state is not State.OK
    assert says in found.found
    assert found.todo


def test_the_file_system_is_that_of_the_nearest_mount(tmp_path: Path) -> None:
    (tmp_path / "mounts").write_text(f"/dev/a / ext4 rw 0 0\nhost:/b {tmp_path} nfs rw 0 0\n")
    states = [each.state for each in look_at_storage(tmp_path / "not" / "yet", tmp_path / "mounts")]
    assert states == [State.WARNING]


def test_a_vault_that_waits_for_decisions_is_a_problem(keytui: Commands, vault: Path, tmp_path: Path) -> None:
    keytui("backup", "create", str(tmp_path / "backup"))
    (vault / "vault.db").unlink()
    keytui("backup", "load", str(tmp_path / "backup"))

    assert "keytui backup reconcile" in keytui("doctor", code=1).out


@pytest.mark.parametrize("name", ["vault.before-0001.backup", ".pepper.0123456789abcdef"])
def test_what_was_left_behind_wants_an_eye(keytui: Commands, vault: Path, name: str) -> None:
    shutil.copy(vault / "vault.db", vault / name)
    found = [item for item in keytui("doctor", "--json").items if item["state"] == "warning"]
    assert [name in str(item["found"]) for item in found] == [True]


@pytest.mark.parametrize(
    "text",
    [
        "[profiles\n",
        "[policy.production]\noverlap = 'soon'\n",
        "[targets.app]\nkind = 'dotenv'\n",
        "[retention]\nminutes = 'never'\n",
        "[server]\nport = 'x'\n",
        "theme = 'drak'\n",
        "[keymap]\n'table.dwon' = 'e'\n",
        "[profiles.team]\nurl = 'https://keys.example.com'\n",
    ],
)
def test_a_wrong_configuration_is_named_with_its_file(keytui: Commands, vault: Path, text: str) -> None:
    path = keytui.home / "config.toml"
    path.write_text(text)

    found = keytui("doctor", "--json", code=1)

    assert "problem" in states(found)["configuration"]
    problems = [item for item in found.items if item["state"] == "problem"]
    assert all(str(path) in str(item["found"]) or "profiles.team" in str(item["found"]) for item in problems), problems
    assert vault.exists()


def test_a_configuration_that_others_may_write_is_a_problem(keytui: Commands, vault: Path) -> None:
    path = keytui.home / "config.toml"
    path.write_text("")
    path.chmod(0o666)
    assert f"chmod go-w {path}" in keytui("doctor", code=1).out
    assert vault.exists()


def git(directory: Path, *words: str) -> None:
    quiet = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    subprocess.run(["git", "-C", str(directory), *words], check=True, capture_output=True, env={**os.environ, **quiet})


@pytest.fixture
def shop(keytui: Commands, vault: Path, tmp_path: Path) -> Path:
    """A git work tree with a .env file that a target writes and another that holds a token."""
    assert vault.exists()
    shop = tmp_path / "shop"
    shop.mkdir()
    git(shop, "init", "--quiet")
    for name in (".env", "token"):
        (shop / name).write_text("API_KEY=canary-hunter2-canary\n")
        (shop / name).chmod(0o600)
    (keytui.home / "config.toml").write_text(
        f'[targets.app]\nkind = "dotenv"\nfiles = ["{shop}/.env"]\nvariable = "API_KEY"\n'
        f'[profiles.team]\nurl = "https://keys.example.com"\ntoken = "file:{shop}/token"\n'
    )
    return shop


def test_a_secret_file_that_git_tracks_is_a_problem(keytui: Commands, shop: Path) -> None:
    git(shop, "add", ".env")

    found = keytui("doctor", "--json", code=1)

    of_git = {item["state"]: str(item["found"]) for item in found.items if item["subject"] == "git"}
    assert f"git tracks {shop / '.env'}" in of_git["problem"]
    assert str(shop / "token") in of_git["warning"]
    assert "canary" not in found.out + found.err


def test_an_ignored_one_is_fine_and_one_that_others_read_is_not(keytui: Commands, shop: Path) -> None:
    (shop / ".gitignore").write_text(".env\ntoken\n")
    keytui("doctor")
    (shop / "token").chmod(0o640)
    assert f"chmod 600 {shop / 'token'}" in keytui("doctor", code=1).out


def test_a_group_may_read_what_its_service_reads(keytui: Commands, shop: Path) -> None:
    (shop / ".gitignore").write_text(".env\ntoken\n")
    (shop / ".env").chmod(0o640)
    keytui("doctor")
    (shop / ".env").chmod(0o644)
    assert f"chmod o-rwx {shop / '.env'}" in keytui("doctor", code=1).out


def test_a_repository_runs_no_program_of_its_own(keytui: Commands, shop: Path) -> None:
    git(shop, "config", "core.fsmonitor", f"touch {shop / 'ran'}")
    keytui("doctor", code=None)
    assert not (shop / "ran").exists()


def test_files_that_differ_from_key_to_key_are_found(keytui: Commands, shop: Path) -> None:
    (shop / "keys").mkdir()
    (shop / "keys" / "one.key").write_text("canary")
    (shop / "keys" / "one.key").chmod(0o644)
    (keytui.home / "config.toml").write_text(f'[targets.app]\nkind = "file"\npath = "{shop}/keys/{{name}}.key"\n')
    assert f"chmod 600 {shop / 'keys' / 'one.key'}" in keytui("doctor", code=1).out


class Screen:
    """A terminal that stands still."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, columns: int = 120, rows: int = 36) -> None:
        self.tmux = {"set-clipboard": "on", "escape-time": "10", "#{client_utf8}": "1"}
        monkeypatch.setattr("sys.stdin.isatty", lambda: True)
        monkeypatch.setattr("sys.stderr.isatty", lambda: True)
        monkeypatch.setattr("shutil.get_terminal_size", lambda **_: os.terminal_size((columns, rows)))
        monkeypatch.setattr(terminal_findings, "_local_clipboard", lambda: True)
        monkeypatch.setattr("keytui.cli.tmux.printed_by", lambda words, _: self.tmux[words[-1]].encode())

    def warnings(self, **environment: str) -> list[str]:
        given = {"TERM": "xterm-256color", **environment}
        return [each.found for each in look_at_terminal(given) if each.state is not State.OK]


def test_a_usual_terminal_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(monkeypatch)
    assert screen.warnings() == []
    assert screen.warnings(SSH_CONNECTION="1", NO_COLOR="1") == []
    assert screen.warnings(TMUX="x", TERM="tmux-256color", SSH_TTY="y") == []


def test_what_a_terminal_lacks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert any("59x20 is small" in each for each in Screen(monkeypatch, 59, 20).warnings())
    screen = Screen(monkeypatch)
    assert any("TERM says" in each for each in screen.warnings(TERM="dumb"))
    monkeypatch.setattr(terminal_findings, "is_utf8", lambda _: False)
    assert any("not UTF-8: lines and symbols are drawn in ASCII" in each for each in screen.warnings())
    screen.tmux["#{client_utf8}"] = "0"
    assert any("tmux gives it no UTF-8" in each for each in screen.warnings(TMUX="x", TERM="screen"))


def test_what_stands_between_us_and_the_clipboard_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(monkeypatch)
    assert any("GNU screen" in each for each in screen.warnings(SSH_TTY="x", STY="y"))
    screen.tmux |= {"set-clipboard": "external", "escape-time": "500"}
    found = screen.warnings(SSH_TTY="x", TMUX="y", TERM="vt100")
    assert [any(says in each for each in found) for says in ("set-clipboard", "500 ms", "vt100")] == [True, True, True]
    monkeypatch.setattr(terminal_findings, "_local_clipboard", lambda: False)
    assert any("no clipboard" in each for each in screen.warnings())


def test_a_vault_that_nobody_is_let_into_is_locked_and_not_damaged(
    keytui: Commands, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keytui.vault.local.backup.copying._WAIT_SECONDS", 0.05)
    with closing(sqlite3.connect(vault / "vault.db")) as database:
        database.execute("PRAGMA journal_mode = DELETE")
    require_told_locks(vault)
    with locked(vault / "vault.db", "EXCLUSIVE") as pid:
        run = keytui("doctor", "--json", code=1)
    found = [str(item["found"]) for item in run.items if item["subject"] == "vault"]
    assert len(found) == 2, "that it cannot be looked at, and who keeps it so"
    assert f"{vault / 'vault.db'} is locked: process {pid} " in found[0], found
    assert "keeps everybody else from writing" in found[1]
    assert "damaged" not in run.out
