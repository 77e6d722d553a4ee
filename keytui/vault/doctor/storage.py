"""What a vault's file stands on: SQLite and what it can do, and a file system that keeps locks and has room."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from keytui.domain.text import harmless
from keytui.vault.doctor.finding import Finding, fine, wants_an_eye, wrong

SUBJECT: Final = "storage"
_MOUNTS: Final = Path("/proc/self/mounts")
_SHARED: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.glusterfs"}
)
"""File systems that several hosts may have mounted."""
_LITTLE_ROOM: Final = 64 * 1024 * 1024
_LOCAL: Final = (
    "keep the vault on a disk of this machine (KEYTUI_HOME, or `directory` of its profile), or in PostgreSQL"
)


def look_at_storage(directory: Path, mounts: Path = _MOUNTS) -> Iterator[Finding]:
    """Of a vault in SQLite, whether its directory is there already or not."""
    found = [*_sqlite(), *_file_system(_nearest(directory), mounts)]
    yield from found
    if not found:
        yield fine(SUBJECT, f"SQLite {sqlite3.sqlite_version} with FTS5; its file system keeps locks and has room")


def _sqlite() -> Iterator[Finding]:
    try:
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute("CREATE VIRTUAL TABLE words USING fts5(name, content = '', tokenize = 'trigram')")
    except sqlite3.Error as error:
        yield wrong(
            SUBJECT,
            f"SQLite {sqlite3.sqlite_version} of this Python cannot do what a vault needs: {error}",
            "install a Python whose SQLite is 3.34 or newer, with FTS5; or keep the vault in PostgreSQL",
        )


def _file_system(directory: Path, mounts: Path) -> Iterator[Finding]:
    kind = _kind(directory, mounts)
    if kind in _SHARED:
        yield wants_an_eye(
            SUBJECT,
            f"{directory} is on {kind}: SQLite's log is not shared between hosts, and its locks may not hold",
            _LOCAL,
        )
    if fault := _lock_fault(directory / "vault.lock"):
        yield wrong(SUBJECT, f"the file system of {directory} keeps no locks: {fault}", _LOCAL)
    room = os.statvfs(directory)
    if room.f_flag & os.ST_RDONLY:
        yield wrong(SUBJECT, f"{directory} is on a file system that is mounted read-only", "mount it to be written")
    elif room.f_bavail * room.f_frsize < _LITTLE_ROOM:
        left = room.f_bavail * room.f_frsize / 1e6
        yield wants_an_eye(SUBJECT, f"{directory} has {left:.0f} MB left", "make room before a change finds none")


def _kind(directory: Path, mounts: Path) -> str:
    """The type of the file system that a directory is on; "" where nobody says."""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    fields = [line.split(" ") for line in lines]
    above = {str(each) for each in (directory, *directory.parents)}
    on = [(len(field[1]), harmless(field[2])) for field in fields if len(field) > 2 and field[1] in above]
    return max(on, default=(0, ""), key=lambda each: each[0])[1]


def _lock_fault(path: Path) -> str:
    """Why no lock can be had there; "" where one can, or where another process has it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return ""
    except OSError as error:
        return str(error.strerror)
    finally:
        os.close(descriptor)
    return ""


def _nearest(directory: Path) -> Path:
    """It, or what there is already of the way to it."""
    return next(each for each in (directory.absolute(), *directory.absolute().parents) if os.access(each, os.F_OK))
