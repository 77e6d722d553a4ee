"""Which process has a vault's file locked, as the kernel tells. The file is not opened: closing it would drop the locks
that SQLite holds on it in this process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from keytui.domain.text import harmless

_LOCKS: Final = Path("/proc/locks")
_PROCESSES: Final = Path("/proc")
_OF_LOG: Final = range(120, 121)
"""The byte of the log's shared memory that a writer locks."""
_OF_FILE: Final = range(0x4000_0000, 0x4000_0200)
"""The bytes of the file itself, which a writer locks where there is no log, or nobody else is let in."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process, and what it is called; "" where that is not told."""

    pid: int
    name: str

    def __str__(self) -> str:
        mine = "this process" if self.pid == os.getpid() else f"process {self.pid}"
        return f"{mine} ({self.name})" if self.name else mine


def lock_holder(path: Path, locks: Path = _LOCKS, processes: Path = _PROCESSES) -> Holder | None:
    """The process that may write to the vault's file now; None where there is none, or the kernel does not tell."""
    try:
        held = locks.read_text(errors="replace").splitlines()
    except OSError:
        return None
    shared_memory = path.with_name(f"{path.name}-shm")
    pid = next(chain(_writers(held, shared_memory, _OF_LOG), _writers(held, path, _OF_FILE)), None)
    return None if pid is None else Holder(pid, _name(processes / str(pid) / "comm"))


def _writers(held: list[str], path: Path, bytes_of: range) -> Iterator[int]:
    """Whoever has some of these bytes locked to write. A line is `N: POSIX ADVISORY WRITE PID fe:00:INODE FROM TO`."""
    try:
        found = path.stat()
    except OSError:
        return
    file = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    for line in held:
        match line.split():
            case [_, "POSIX" | "OFDLCK", _, "WRITE", pid, where, first, last] if where == file and pid.isdigit():
                end = bytes_of.stop if last == "EOF" else int(last) + 1
                if int(pid) and int(first) < bytes_of.stop and bytes_of.start < end:
                    yield int(pid)


def _name(comm: Path) -> str:
    try:
        return harmless(comm.read_text(errors="replace").strip())
    except OSError:
        return ""
