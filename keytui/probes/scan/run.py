"""One scan: over files, then over the histories of the repositories that they are in."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from keytui.domain.recognition import Recogniser
from keytui.domain.text import harmless
from keytui.probes.scan.content import DAMAGED, Archive, PipeFile, reading
from keytui.probes.scan.files import Walk
from keytui.probes.scan.history import Broken, Object, Repository, Shut, commit_of, repository_of, within
from keytui.probes.scan.hits import Hit, Told, Unread
from keytui.probes.scan.search import Read, Search

_LEFT_OUT: Final = "(a name that holds a secret)"
_MOST_LOOKED_UP: Final = 100
"""Objects of one history whose commits are looked for: each takes as long as reading the whole log."""


@dataclass(slots=True)
class Scan:
    """Looks for the secrets that a recogniser knows; what it has looked at, and what it could not, is counted here."""

    recogniser: Recogniser
    told: Told
    excluded: Sequence[str] = ()
    files: int = 0
    objects: int = 0
    size: int = 0
    """Bytes, unpacked."""
    unread: list[Unread] = field(default_factory=list)
    _search: Search = field(init=False)

    def __post_init__(self) -> None:
        self._search = Search(self.recogniser)

    def over(self, paths: Sequence[Path], pipe: PipeFile | None = None, *, history: bool = False) -> Iterator[Hit]:
        """What lies under the paths, file by file, and comes on a pipe; with `history` what their repositories hold."""
        walk = Walk(lambda where, why: self._not_read(Path(where), why), self.excluded, with_git=history)
        if pipe is not None:
            yield from self._in_content(Path(pipe.name), pipe.stream.read)
        for path in paths:
            named = not path.is_dir()
            for file in walk.under(path):
                yield from self._in_file(Path(file), named=named)
        if history:
            for repository in self._repositories(paths, frozenset(map(Path, walk.repositories))):
                yield from self._in_history(repository)

    def _in_file(self, path: Path, *, named: bool) -> Iterator[Hit]:
        self.files += 1
        try:
            with reading(path, named=named) as read:
                yield from self._in_content(path, self._up_to_damage(path, read))
        except Archive:
            self._not_read(path, "is an archive that is not looked into: unpack it")
        except OSError as error:
            self._not_read(path, error.strerror or "cannot be read")

    def _in_content(self, path: Path, read: Read) -> Iterator[Hit]:
        named = self._search.within(os.fsencode(path.name))
        found = self._search.through(self._counted(read))
        file = self._shown(path) if named or found else ""
        for (key_id, version), by_name in named.items():
            yield Hit(key_id, version, file, likely=by_name.likely)
        for (key_id, version), lines in found.items():
            yield Hit(key_id, version, file, lines.first, lines.count, likely=lines.likely)

    def _repositories(self, paths: Sequence[Path], met: frozenset[Path]) -> Iterator[Repository]:
        """Those that the paths are in, and those that were met below, each once. What git does not read is told."""
        known: set[str] = set()
        shut: set[Path] = set()
        for path in dict.fromkeys([*paths, *sorted(met)]):
            if path.name == ".git" and path.parent in shut:
                continue
            try:
                repository = repository_of(path)
            except OSError:
                self._not_read(path, "the program `git` is needed for a history, and is not here")
                return
            except subprocess.TimeoutExpired:
                self._not_read(path, "git did not answer")
                continue
            except Shut as error:
                shut.add(path)
                self._not_read(path, error.why)
                continue
            if repository is None and path in met:
                shut.add(path)
                self._not_read(path, "looks like a repository, and git finds none there")
            if repository is not None and repository.common not in known:
                known.add(repository.common)
                yield repository
        if paths and not known and not shut:
            self._not_read(paths[0], "is in no git repository")

    def _in_history(self, repository: Repository) -> Iterator[Hit]:
        """Each hit as it comes: whoever ends it early has what was found until then."""
        looked_up = 0
        try:
            for each in within(repository):
                self.objects += 1
                for hit in self._in_object(each):
                    if hit.commit or looked_up == _MOST_LOOKED_UP:
                        yield hit
                    else:
                        looked_up += 1
                        yield replace(hit, commit=commit_of(repository, hit.blob))
        except Broken:
            self._not_read(Path(repository.directory), "git could not read all of its history")

    def _in_object(self, each: Object) -> Iterator[Hit]:
        message = "" if each.kind == "blob" else f"(message of the {each.kind})"
        file = message or (self._shown(Path(each.name)) if each.name else "(a file without a name)")
        of_commit = each.id if each.kind == "commit" else ""
        for (key_id, version), at in self._search.through(self._counted(each.read)).items():
            first, count = (0, 1) if message else (at.first, at.count)
            yield Hit(key_id, version, file, first, count, of_commit, each.id, at.likely)
        if each.name:
            for (key_id, version), at in self._search.within(os.fsencode(each.name)).items():
                yield Hit(key_id, version, file, 0, 1, of_commit, each.id, at.likely)

    def _shown(self, path: Path) -> str:
        """A path as it may be shown."""
        parts = [_LEFT_OUT if self._search.within(os.fsencode(part)) else part for part in path.parts]
        return harmless(str(Path(*parts)))

    def _not_read(self, path: Path, why: str) -> None:
        self.unread.append(Unread(self._shown(path), why.lower()))

    def _up_to_damage(self, path: Path, read_once: Read) -> Read:
        """What can be read: of a file that is cut off or spoiled, all that comes before."""

        def read(size: int) -> bytes:
            parts: list[bytes] = []
            try:
                while size > 0 and (data := read_once(size)):
                    parts.append(data)
                    size -= len(data)
            except (OSError, *DAMAGED):
                self._not_read(path, "cannot be read to its end: it is cut off or damaged")
            return b"".join(parts)

        return read

    def _counted(self, read: Read) -> Read:
        def counted(size: int) -> bytes:
            data = read(size)
            self.size += len(data)
            self.told(len(data))
            return data

        return counted
