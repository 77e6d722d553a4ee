"""Secret files that git tracks, or would with the next `git add .`: a secret in a history stays there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from keytui.command import printed_by
from keytui.domain.errors import KeytuiError
from keytui.domain.text import harmless
from keytui.vault.doctor.finding import Finding, fine, wants_an_eye, wrong

SUBJECT: Final = "git"
_TIMEOUT: Final = 5.0
_SHOWN: Final = 3
_GIT: Final = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
"""A repository's own configuration names no program that would run here."""


def look_at_git(homes: Sequence[Path], secret_files: Sequence[Path]) -> Iterator[Finding]:
    """Of whole directories of ours, and of files that the configuration names."""
    if shutil.which("git") is None:
        yield fine(SUBJECT, "git is not installed here")
        return
    found = [
        finding
        for directory, name in _places(homes, secret_files)
        for finding in (_of_place(directory, name),)
        if finding is not None
    ]
    yield from found
    if not found:
        yield fine(SUBJECT, "no secret file is in a git work tree that tracks it or would")


def _places(homes: Sequence[Path], secret_files: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    yield from ((home, ".") for home in dict.fromkeys(homes) if os.access(home, os.F_OK) and home.is_dir())
    yield from (
        (path.parent, path.name) for path in dict.fromkeys(secret_files) if os.access(path, os.F_OK) and path.is_file()
    )


def _of_place(directory: Path, name: str) -> Finding | None:
    if tracked := _listed(directory, name, "--cached"):
        return wrong(
            SUBJECT,
            f"git tracks {_told(directory, tracked)}",
            "git rm --cached, ignore it, and rotate what it held: keytui scan --git-history finds what the history has",
        )
    if untracked := _listed(directory, name, "--others", "--exclude-standard"):
        return wants_an_eye(SUBJECT, f"`git add .` would take {_told(directory, untracked)}", "name it in .gitignore")
    return None


def _listed(directory: Path, name: str, *which: str) -> list[str]:
    """What git lists of it; nothing outside a work tree, or where git does not answer."""
    try:
        printed = printed_by(
            (*_GIT, "-C", str(directory), "ls-files", "-z", *which, "--", f":(literal){name}"), _TIMEOUT
        )
    except KeytuiError:
        return []
    return [each.decode(errors="replace") for each in printed.split(b"\0") if each]


def _told(directory: Path, names: Sequence[str]) -> str:
    shown = ", ".join(harmless(str(directory / name)) for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
