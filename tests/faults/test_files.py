"""A disk that fails at any change of any work with files: a clear error, nothing half-written, and again it goes well.

Which way it fails goes round with the number of the change: ENOSPC, EIO, EROFS, EACCES, each once alone and once to
stay. Where a work takes few milliseconds, every change fails in every way.
"""

from __future__ import annotations

import ast
import errno
import json
import os
import re
import shutil
import stat
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

import pyrage
import pytest

import keytui
from keytui.domain.errors import KeytuiError, Unreachable
from keytui.private_file import passing_directory
from tests.faults.disk import WAYS, Disk
from tests.faults.works import IDENTITY, NEW, OLD, WORKS, Act, Work

FEW: Final = 6
"""Changes of a work that is cheap enough to fail in every way at each."""
_BY_SQLITE: Final = (".db", "backup")
_NOT_COMPARED: Final = ("-wal", "-shm", "audit.head")
"""What a second try makes longer, or who is closed takes away. The head of the log is a work of its own."""


@dataclass(frozen=True)
class Fails:
    """Where the disk fails, and how."""

    at: int
    way: int
    stays: bool

    def __str__(self) -> str:
        return f"{errno.errorcode[self.way]} at {self.at}{' and after' if self.stays else ''}"


def faults(changes: int) -> list[Fails]:
    """Every change in every way, where they are few; else every change in one of the ways."""
    every = list(product(WAYS, (False, True)))
    if changes <= FEW:
        return [Fails(at, way, stays) for at in range(1, changes + 1) for way, stays in every]
    return [Fails(at, *every[at % len(every)]) for at in range(1, changes + 1)]


def standing(here: Path) -> dict[str, tuple[str, object]]:
    """Every file and directory, with its mode and what it says."""
    found = {path for path in here.rglob("*") if not path.name.endswith(_NOT_COMPARED)}
    return {str(path.relative_to(here)): (oct(stat.S_IMODE(path.stat().st_mode)), said(path)) for path in found}


def said(path: Path) -> object:
    """Its content; of what is sealed or counted in it, what that means."""
    if path.is_dir() or path.name.endswith(_BY_SQLITE):
        return ""
    content = path.read_bytes()
    if path.name in {"pepper", "signing.key"}:
        return len(content)
    if content.startswith(b"-----BEGIN AGE"):
        return pyrage.decrypt(content, [IDENTITY])
    if path.suffix == ".before" and ".age" in path.suffixes:
        before = json.loads(content)["before"]["text"]
        return before and pyrage.decrypt(before.encode(), [IDENTITY])
    if path.suffix == ".removed":
        return {**json.loads(content), "changes": "some"}
    return content


def prepared(work: Work, here: Path) -> Act:
    """The world of the work, and nothing of the last one."""
    shutil.rmtree(here, ignore_errors=True)
    here.mkdir(mode=0o700)
    return work.prepare(here)


def clean(work: Work, here: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The work on a disk that does not fail: it knows how many changes there are, and whose."""
    act, disk = prepared(work, here), Disk()
    with disk.under(monkeypatch, 0, 0):
        act()
    return disk


@pytest.mark.parametrize("work", WORKS, ids=str)
def test_a_disk_that_fails_at_any_change(work: Work, in_memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = in_memory / "here"
    disk = clean(work, here, monkeypatch)
    after = standing(here)
    assert disk.changes > 1
    for fault in faults(disk.changes):
        act = prepared(work, here)
        before = standing(here)
        error = None
        try:
            with disk.under(monkeypatch, fault.at, fault.way, stays=fault.stays):
                act()
        except KeytuiError as raised:
            error = raised
        now = standing(here)
        if error is None:
            assert now == after, f"{fault}: it ended well"
            continue
        _is_clear(error, here, fault)
        for name in now.keys() | (before.keys() & after.keys()):
            assert name in now, f"{fault}: {name} is gone"
            assert now[name] in (before.get(name), after.get(name)), f"{fault}: {name}"
        act()
        assert standing(here) == after, f"{fault}: and again"


def test_every_module_that_writes_files_has_a_work(in_memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new one is named here until it has."""
    ran = set().union(*(clean(work, in_memory / "here", monkeypatch).asked_by for work in WORKS))
    assert {name for name in writing_modules() if name not in ELSEWHERE} - ran == set()


ELSEWHERE: Final = {
    "cli/asking.py": "opens the terminal",
    "cli/streams.py": "opens what stands for missing streams",
    "cli/handover.py": "standard output, whose failure test_commands.py of the commands is about",
    "cli/evidence.py": "a new file, of which there is a work",
    "cli/configuration_doc.py": "writes a page of the documentation",
    "vault/local/modes.py": "opens what is beside a database to its owner, and SQLite tells where that cannot be",
    "vault/doctor/storage.py": "asks a file for a lock, and changes nothing",
    "tui/keys_doc.py": "writes a page of the documentation",
    "tui/screens/command_log.py": "a new file, of which there is a work",
    "tui/screens/wizard/by_hand.py": "a new file, of which there is a work",
}
_WRITES: Final = {
    *("mkdir", "hardlink_to", "rename", "chmod", "fchmod", "touch", "write_text", "write_bytes", "fsync"),
    *("mkstemp", "TemporaryDirectory", "NamedTemporaryFile", "write_new_file", "new_file", "replace_privately"),
}


def writing_modules() -> set[str]:
    """The modules of keytui with a call that changes the disk, by their path in it."""
    package = Path(keytui.__file__).parent
    return {str(path.relative_to(package)) for path in package.rglob("*.py") if _writes(ast.parse(path.read_text()))}


def _writes(module: ast.Module) -> bool:
    calls = (node.func for node in ast.walk(module) if isinstance(node, ast.Call))
    named = (call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls)
    opened = any(isinstance(node, ast.Attribute) and node.attr in {"O_CREAT", "O_RDWR"} for node in ast.walk(module))
    return opened or not _WRITES.isdisjoint(named)


def _is_clear(error: KeytuiError, here: Path, fault: Fails) -> None:
    told = f"{error.message} {error.hint} {error!r}"
    assert str(here) in error.message, f"{fault}: {told}"
    assert error.hint, f"{fault}: {told}"
    assert not [secret for secret in (OLD, NEW) if secret.reveal() in told], fault


@pytest.mark.parametrize("way", WAYS)
def test_where_no_file_can_be_made_there_is_no_demo_and_no_server_and_the_way_out_is_named(
    monkeypatch: pytest.MonkeyPatch, way: int
) -> None:
    with (
        Disk().under(monkeypatch, 1, way, stays=True),
        pytest.raises(Unreachable, match=re.escape(os.strerror(way))) as refused,
        passing_directory("keytui-test-"),
    ):
        pass
    assert "TMPDIR" in refused.value.hint
