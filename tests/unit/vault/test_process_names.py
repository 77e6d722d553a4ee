"""A process that is waited for: dead only where its number can be trusted to be its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from keytui.vault.local import processes
from keytui.vault.local.processes import has_died, this_process

OTHER = "from keytui.vault.local.processes import this_process; print(this_process())"


def another() -> str:
    """A process of this host that has ended."""
    return subprocess.run([sys.executable, "-c", OTHER], capture_output=True, text=True, check=True).stdout.strip()


def numbered(process: str, number: int) -> str:
    return f"{process.rpartition(' ')[0]} {number}"


def test_one_that_has_ended_here_is_dead_and_one_that_runs_is_not() -> None:
    assert has_died(another())
    assert not has_died(this_process())
    assert not has_died(numbered(another(), os.getppid()))


def test_two_with_one_host_name_and_one_number_are_not_one() -> None:
    """As replicas of one container are, each with its process 1."""
    theirs = numbered(another(), os.getpid())
    assert theirs != this_process()
    assert has_died(theirs), "the number is ours now, so whoever had it before is gone"


@pytest.mark.parametrize("file", ["_BOOT", "_NUMBERED_BY"])
def test_a_number_of_another_container_or_boot_says_nothing(
    file: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    gone, elsewhere = another(), tmp_path_factory.mktemp("proc") / "another"
    elsewhere.symlink_to("pid:[1]") if file == "_NUMBERED_BY" else elsewhere.write_text("another\n")
    monkeypatch.setattr(processes, file, elsewhere)
    assert not has_died(gone)
    assert not has_died(numbered(gone, os.getpid()))


def test_where_the_operating_system_does_not_tell_nobody_is_taken_for_dead(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(processes, "_BOOT", tmp_path_factory.mktemp("no-proc") / "boot_id")
    gone = another()
    assert not has_died(gone)
    assert not has_died(f"#{gone.partition('#')[2]}")
    assert this_process() == this_process()
    assert len(this_process().split(" ")) == 2
