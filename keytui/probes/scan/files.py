"""The files under some paths: links are not followed, special files not opened, `.git` is left to the history."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

_NO_FILES: Final = frozenset({"/proc", "/sys", "/dev"})
"""What the kernel shows there are no files."""
_PACKED_BY_GIT: Final = frozenset({"objects", "lfs"})
_BARE: Final = frozenset({"HEAD", "objects", "refs"})


@dataclass(slots=True)
class Walk:
    """A walk over some paths. `unread(path, why)` is told of what cannot be opened; `excluded` are shell patterns."""

    unread: Callable[[str, str], None]
    excluded: Sequence[str] = ()
    with_git: bool = False
    """Whether what lies beside the objects in a repository's own directory is looked at, as its configuration."""
    repositories: list[str] = field(default_factory=list)
    """Directories that were found to be a repository."""
    _seen: set[tuple[int, int]] = field(default_factory=set)

    def under(self, path: Path) -> Iterator[str]:
        """The files of a path, in order: itself, or all below it, each once however many names it has."""
        if not path.is_dir():
            yield str(path)
            return
        waiting = [str(path)]
        while waiting:
            directory = waiting.pop()
            entries = self._entries(directory)
            names = {entry.name for entry in entries}
            if ".git" in names or names >= _BARE:
                self.repositories.append(directory)
            below: list[str] = []
            for entry in entries:
                if names >= _BARE and (entry.name in _PACKED_BY_GIT or not self.with_git):
                    continue
                if self._is_wanted(entry):
                    if entry.is_dir(follow_symlinks=False):
                        below.append(entry.path)
                    elif self._is_new_file(entry):
                        yield entry.path
            waiting += reversed(below)

    def _entries(self, directory: str) -> list[os.DirEntry[str]]:
        try:
            status = Path(directory).stat()
            known = (status.st_dev, status.st_ino) in self._seen  # mounted a second time
            self._seen.add((status.st_dev, status.st_ino))
            if known:
                return []
            with os.scandir(directory) as found:
                return sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            self.unread(directory, error.strerror or "cannot be listed")
            return []

    def _is_wanted(self, entry: os.DirEntry[str]) -> bool:
        if entry.is_symlink() or (entry.name == ".git" and not self.with_git) or entry.path in _NO_FILES:
            return False
        return not any(fnmatch(entry.name, pattern) or fnmatch(entry.path, pattern) for pattern in self.excluded)

    def _is_new_file(self, entry: os.DirEntry[str]) -> bool:
        """Whether it is a regular file that was not met under another name."""
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            self.unread(entry.path, error.strerror or "cannot be looked at")
            return False
        if not stat.S_ISREG(status.st_mode):
            return False
        known = (status.st_dev, status.st_ino) in self._seen
        if status.st_nlink > 1:
            self._seen.add((status.st_dev, status.st_ino))
        return not known
