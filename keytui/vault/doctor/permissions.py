"""Who else may read or change what is ours: 0700 for directories, 0600 for files, the owner being who asks."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from keytui.vault.doctor.configured import SecretFile
from keytui.vault.doctor.finding import Finding, fine, wants_an_eye, wrong
from keytui.vault.local.modes import shut_out

SUBJECT: Final = "permissions"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_MAY: Final = {
    _OTHERS: ("read or change", "600"),
    _OTHERS_WRITE: ("change", "go-w"),
    stat.S_IRWXO: ("read or change", "o-rwx"),
}


def look_at_permissions(
    directories: Sequence[Path], configuration: Path, secret_files: Sequence[SecretFile]
) -> Iterator[Finding]:
    """Of our directories with all that is in them, of the configuration, and of files that it names as secret ones."""
    found, seen = list[Finding](), 0
    for directory in dict.fromkeys(directories):
        for path in (directory, *(file for file in _files(directory) if file != configuration)):
            seen += os.access(path, os.F_OK)
            found += _faults(path, _OTHERS)
    for file in secret_files:
        seen += os.access(file.path, os.F_OK)
        found += _faults(file.path, stat.S_IRWXO if file.shared else _OTHERS)
    seen += os.access(configuration, os.F_OK)
    found += _faults(configuration, _OTHERS_WRITE)
    yield from found
    if not found:
        yield fine(SUBJECT, f"{seen} files and directories, each its owner's alone")


def _files(directory: Path) -> list[Path]:
    """Everything in it but what lies in directories of its own; none that cannot be read."""
    try:
        return sorted(path for path in directory.iterdir() if not path.is_dir())
    except OSError:
        return []


def _faults(path: Path, closed_to: int) -> Iterator[Finding]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        closed = shut_out(path.parent)
        way = closed.hint if closed else "run this as the user whose it is"
        yield wrong(SUBJECT, f"{path} cannot be looked at: {error.strerror}", way)
        return
    if status.st_mode & closed_to:
        may, way = _MAY[closed_to] if not stat.S_ISDIR(status.st_mode) else ("enter", "700")
        yield wrong(SUBJECT, f"others may {may} {path} ({stat.S_IMODE(status.st_mode):04o})", f"chmod {way} {path}")
    if status.st_uid != os.geteuid():
        yield wants_an_eye(
            SUBJECT,
            f"{path} belongs to another user ({status.st_uid})",
            f"use that user, or: chown {os.geteuid()} {path}",
        )
