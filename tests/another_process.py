"""Another process, which keeps a vault locked."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

_HOLD: Final = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN " + sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(path: Path, how: str = "IMMEDIATE") -> Iterator[int]:
    """It writes to a vault's file, or has it EXCLUSIVE; its number."""
    holding = [sys.executable, "-c", _HOLD, str(path), how]
    with subprocess.Popen(holding, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        yield other.pid
        other.kill()


def require_told_locks(directory: Path) -> None:
    """Skips a test of who has a file locked where the kernel does not tell: of a lock of our own it would."""
    locks = Path("/proc/locks")
    with (directory / "told").open("w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        found = os.fstat(file.fileno())
        ours = f" {os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino} "
        if not locks.exists() or ours not in locks.read_text():
            pytest.skip("/proc/locks does not tell of the locks of this file system (gVisor, btrfs, macOS)")
