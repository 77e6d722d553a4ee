"""`keytui create-many`: no secret is lost, and none is told of a key that was not made, whatever ends it."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import typer

from keytui.cli.stopping import stopped_cleanly
from keytui.vault.local.vault import LocalVault
from keytui.vault.many_keys import AddedKeys, NewKey, Origin
from tests.unit.cli.conftest import Commands

_ENV = ("--env", "production", "--owner", "payments", "--scope", "orders:read")
Add = Callable[[LocalVault, Sequence[NewKey], Origin], AddedKeys]


@pytest.fixture
def drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five keys, of which two go into one call."""
    monkeypatch.setattr("keytui.cli.key_course.MOST_AT_ONCE", 2)
    path = tmp_path / "drafts.csv"
    path.write_text("name,format,environment\n" + "".join(f"worker-{at},,\n" for at in range(4)) + "last,hk,staging\n")
    return path


def _secrets(text: str) -> dict[str, str]:
    told = [json.loads(line) for line in text.splitlines()]
    assert all(one.keys() == {"name", "environment", "tenant", "secret"} for one in told)
    return {one["name"]: one["secret"] for one in told}


def _see_that_all_open(keytui: Commands, secrets: dict[str, str]) -> None:
    assert list(secrets) == ["worker-0", "worker-1", "worker-2", "worker-3", "last"]
    for name, secret in secrets.items():
        assert name in keytui("verify", stdin=secret).out
    assert len(keytui("list", "--json").items) == 5
    assert keytui("audit", "verify").code == 0


def test_a_file_gets_the_secrets_and_the_vault_the_keys(keytui: Commands, drafts: Path, tmp_path: Path) -> None:
    out = tmp_path / "secrets.jsonl"

    done = keytui("create-many", str(drafts), "--to", str(out), *_ENV, "--json").answer
    again = keytui("create-many", str(drafts), "--to", str(out), *_ENV)

    assert (done["added"], done["secrets"], out.stat().st_mode & 0o777) == (5, str(out), 0o600)
    assert again.out == f"0 added, 5 known already; the secrets are in {out}\n"
    _see_that_all_open(keytui, _secrets(out.read_text()))
    assert _secrets(out.read_text())["last"].startswith("hk_")


def test_a_pipe_gets_the_secrets(keytui: Commands, drafts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a file that the shell opened has them on the disk before their keys count."""
    add, sync, steps = LocalVault.add_keys, os.fsync, list[str]()

    def adding(vault: LocalVault, new: Sequence[NewKey], origin: Origin, *, rehearse: bool = False) -> AddedKeys:
        steps.extend(() if rehearse else ("keys",))
        return add(vault, new, origin, rehearse=rehearse)

    def syncing(descriptor: int) -> None:
        steps.extend(("secrets",) if descriptor == sys.stdout.fileno() else ())
        sync(descriptor)

    with monkeypatch.context() as watched:
        watched.setattr(LocalVault, "add_keys", adding)
        watched.setattr(os, "fsync", syncing)
        done = keytui("create-many", str(drafts), *_ENV)

    assert steps == ["secrets", "keys"] * 3
    assert "5 added" in done.err
    _see_that_all_open(keytui, _secrets(done.out))


@pytest.mark.parametrize(("committed", "torn"), [(True, b""), (False, b'{"name": "worker-4", "envi')])
def test_what_ends_it_between_the_secret_and_the_key_loses_neither(
    keytui: Commands, drafts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, committed: bool, torn: bytes
) -> None:
    """As `kill -9` would, and it may have cut the last line off."""
    out, add = tmp_path / "secrets.jsonl", LocalVault.add_keys
    calls: list[None] = []

    def die_in_the_second(vault: LocalVault, new: Sequence[NewKey], origin: Origin) -> AddedKeys:
        calls.append(None)
        told = add(vault, new, origin) if committed or len(calls) == 1 else None
        if len(calls) == 2 or told is None:
            raise KeyboardInterrupt
        return told

    with monkeypatch.context() as dying:
        dying.setattr(LocalVault, "add_keys", die_in_the_second)
        ended = keytui("create-many", str(drafts), "--to", str(out), *_ENV, code=130)
    with out.open("ab") as file:
        file.write(torn)
    before = out.read_bytes().removesuffix(torn)
    keytui("create-many", str(drafts), "--to", str(out), *_ENV)

    assert "2 of 5 lines are done and kept" in ended.err
    assert out.read_bytes().startswith(before)
    _see_that_all_open(keytui, _secrets(out.read_text()))


def test_a_pipe_is_told_what_may_open_nothing_and_where_it_goes_on(
    keytui: Commands, drafts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator presses Ctrl-C twice in the second call."""
    add = LocalVault.add_keys

    def interrupt(vault: LocalVault, new: Sequence[NewKey], origin: Origin, *, rehearse: bool = False) -> AddedKeys:
        if not rehearse and new[0].name == "worker-3":
            raise KeyboardInterrupt
        return add(vault, new, origin, rehearse=rehearse)

    with monkeypatch.context() as dying:
        dying.setattr(LocalVault, "add_keys", interrupt)
        ended = keytui("create-many", str(drafts), "--skip", "1", *_ENV, code=130)
    rest = keytui("create-many", str(drafts), "--skip", "3", *_ENV)

    assert "the last 2 secrets of the output may open nothing; `keytui list`" in ended.err
    assert "2 of 4 lines are done and kept; --skip 3 goes on from there" in ended.err
    assert "the same command" not in ended.err
    assert list(_secrets(rest.out)) == ["worker-3", "last"]


def test_a_name_that_is_taken_stops_it_before_a_secret_is_told(keytui: Commands, drafts: Path, tmp_path: Path) -> None:
    keytui.created("worker-3")
    out = tmp_path / "secrets.jsonl"

    refused = keytui("create-many", str(drafts), "--to", str(out), *_ENV, code=1)
    piped = keytui("create-many", str(drafts), *_ENV, "--skip", "2", code=1)
    drafts.write_text(drafts.read_text().replace("worker-3", "worker-33"))
    keytui("create-many", str(drafts), "--to", str(out), *_ENV)

    assert "drafts.csv line 5: production has a key called worker-3 already" in refused.err
    assert "2 of 5 lines are done and kept" in refused.err
    assert piped.out == ""
    assert list(_secrets(out.read_text())) == ["worker-0", "worker-1", "worker-2", "worker-33", "last"]
    assert keytui("verify", stdin=_secrets(out.read_text())["worker-33"]).code == 0


def test_a_name_that_comes_twice_is_said_so_and_leaves_no_file_behind(
    keytui: Commands, drafts: Path, tmp_path: Path
) -> None:
    drafts.write_text("name\nworker\nworker\n")
    out, empty = tmp_path / "secrets.jsonl", tmp_path / "empty"
    empty.touch(0o600)

    refused = keytui("create-many", str(drafts), "--to", str(out), *_ENV, code=1)
    keytui("create-many", str(drafts), "--to", str(empty), *_ENV, code=1)

    assert "drafts.csv line 3: a key called worker in production comes before it" in refused.err
    assert "already" not in refused.err
    assert not out.exists()
    assert empty.read_bytes() == b"", "it was there before"
    drafts.write_text("name\n")
    assert keytui("create-many", str(drafts), "--to", str(out), *_ENV).out == "0 added, 0 known already\n"
    assert not out.exists()


def _stopped_with(error: OSError) -> None:
    with stopped_cleanly() as stop:
        stop.hear(signal.SIGHUP, None)
        raise error


def test_a_terminal_that_went_with_the_signal_changes_no_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keytui.cli.stopping.discard_output", lambda: None)

    with pytest.raises(typer.Exit) as ended:
        _stopped_with(OSError(errno.EIO, "it has gone"))
    with pytest.raises(OSError, match="no room"):
        _stopped_with(OSError(errno.ENOSPC, "no room"))

    assert ended.value.exit_code == 129


def test_a_file_that_is_not_its_own_is_left_alone(keytui: Commands, drafts: Path, tmp_path: Path) -> None:
    notes, deep, open_to_all, begun = (tmp_path / name for name in ("notes", "deep", "open", "begun.jsonl"))
    for path, told in ((notes, "remember the milk"), (deep, "[" * 60_000)):
        path.write_text(told)
        path.chmod(0o600)
    open_to_all.write_text("")
    open_to_all.chmod(0o644)
    keytui("create-many", str(drafts), "--to", str(begun), *_ENV)
    drafts.write_text(drafts.read_text().replace("worker-1", "another"))

    for to, why in (
        (notes, "holds something else"),
        (deep, "holds something else"),
        (open_to_all, "others can read"),
        (begun, "line 3 is another key"),
        (tmp_path, "Is a directory"),
    ):
        refused = keytui("create-many", str(drafts), "--to", str(to), *_ENV, code=None)
        assert refused.code in {1, 2}
        assert why in refused.err
    assert notes.read_text() == "remember the milk"
    assert len(_secrets(begun.read_text())) == 5
