"""The logs of one run, opened and in the order of their lines, with those that were rotated away since the last run."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from keytui.probes.access_log.bookmarks import Marks
from keytui.probes.access_log.content import Content, FileContent, PipeContent, Place, identity, remembered

_MOST_NEIGHBOURS: Final = 8
"""Files beside a log, the newest of them, that are looked at for what was rotated away."""
_ROTATED: Final = re.compile(
    r"(?P<stem>.+?)"
    r"(?:\.log|\.\d{1,3}|[.-]\d{8}(?:-?\d{2,6})?|[.-]\d{4}-\d\d-\d\d(?:T[\d-]{8}\.\d{3}(?:-[a-z]+)?)?|\.gz|\.old)*",
    re.IGNORECASE,
)
"""What logrotate adds to a name, and what Caddy does, which rotates by itself."""
_AT_ONCE: Final = 60.0
"""Seconds between two contents in which no third one was written."""
_NUMBER: Final = re.compile(r"\.(\d{1,3})(?=\.|$)")
_DATED: Final = re.compile(r"[.-]\d{4}-?\d\d-?\d\d")
_DAY: Final = re.compile(r"[.-](\d{4})-?(\d\d)-?(\d\d)(?=\.|$)")
FirstTime = Callable[[Sequence[str]], tuple[float | None, bool]]
"""The time that some lines begin with, and whether lines of a clock that was not set stand before."""


def source_name(name: str) -> str:
    """`log edge` for `edge.log`, `edge.log.2.gz` and `edge-20261120.log`."""
    match = _ROTATED.fullmatch(name)
    return f"log {match['stem'] if match else name}"


@dataclass(slots=True)
class Opened:
    """A content, the name of its bookmark, and whether the source has read of it before."""

    content: Content
    bookmark: str
    known: bool
    first_at: float | None
    """Of its first lines; None when they have no time."""
    unset: bool
    """Whether lines of a clock that was not set stand before that time."""

    def place(self, marks: Marks) -> Place:
        """How far it was counted by now; from the start where it has become shorter than that."""
        value = marks.value(self.bookmark)
        place = Place.parse(value) if value is not None else Place(len(self.content.head), 0, 0)
        if isinstance(self.content, PipeContent) and self.content.reached is not None:
            return Place(place.head, *self.content.reached)
        size = self.content.size if isinstance(self.content, FileContent) else None
        return place if size is None or size >= place.offset else Place(place.head, 0, 0)

    def reached(self, place: Place) -> None:
        """A pipe has to know by itself how far it was read: what it gave is gone."""
        if isinstance(self.content, PipeContent):
            self.content.reached = place.offset, place.lines


def open_all(
    paths: Iterable[Path], pipe: PipeContent | None, marks: Marks, first_time: FirstTime, problems: dict[str, str]
) -> list[Opened]:
    """Every content that has a whole line, the oldest first. What cannot be opened gets a reason in `problems`."""
    contents: list[Content] = []
    seen: set[tuple[int, int]] = set()
    files: list[FileContent] = []
    for path in paths:
        try:
            file = FileContent(path)
        except OSError as error:
            problems[str(path)] = (error.strerror or type(error).__name__).lower()
            continue
        if file.cut_off and not file.head:
            file.close()
            problems[str(path)] = "is cut off or damaged, and nothing of it can be read"
            continue
        problems.pop(str(path), None)
        inode = file.status.st_dev, file.status.st_ino
        if inode in seen:
            file.close()
        else:
            seen.add(inode)
            files.append(file)
    contents += files
    if pipe is not None:
        pipe.look(marks.given)
        contents.append(pipe)
    opened = [_opened(content, marks, first_time) for content in contents]
    wanted = set(marks.state.contents).difference(one.bookmark for one in opened)
    if wanted:
        opened += _rotated_away([file.path for file in files] or list(paths), seen, wanted, marks, first_time)
    return sorted(opened, key=lambda one: (one.first_at is None, one.first_at))


def neighbours(older: Opened, younger: Opened, apart: float) -> bool:
    """Whether no content can have stood between two that lie `apart` seconds from each other.

    Their rotation numbers tell, or their dates. What was read on from a bookmark was rotated away by a log that is
    here, and what was rotated away after it stays longer than it.
    """
    first, second = Path(older.content.name).name, Path(younger.content.name).name
    if source_name(first) == source_name(second) and not isinstance(younger.content, PipeContent):
        numbers = _number(first), _number(second)
        if numbers[0] is not None and numbers[1] is not None:
            adjacent = numbers in ((0, -1), (1, -1)) or numbers[0] == numbers[1] + 1
            return adjacent or (older.known and apart <= _AT_ONCE)
        days = _day(first), _day(second)
        if days[0] is not None and days[1] is not None:
            return days[1] - days[0] == 1
    return older.known or apart <= _AT_ONCE


def _number(name: str) -> int | None:
    """How often a log was rotated, as its name says; -1 for the one that is written to."""
    if _DATED.search(name):  # Caddy's stamp ends with a fraction of a second
        return None
    if found := _NUMBER.findall(name):
        return int(found[-1])
    return -1 if source_name(name) in (f"log {name}", f"log {name.removesuffix('.log')}") else None


def _day(name: str) -> int | None:
    found = _DAY.search(name)
    try:
        return date(*map(int, found.groups())).toordinal() if found else None
    except ValueError:
        return None


def _opened(content: Content, marks: Marks, first_time: FirstTime) -> Opened:
    found = remembered(content.head, marks.given)
    lines = content.head.decode(errors="replace").split("\n")
    whole = lines[:-1] if len(lines) > 1 else lines
    return Opened(content, found[0] if found else identity(content.head), found is not None, *first_time(whole))


def _rotated_away(
    paths: Sequence[Path], seen: set[tuple[int, int]], wanted: set[str], marks: Marks, first_time: FirstTime
) -> Iterator[Opened]:
    """Those of `wanted`, found under the names that rotation gives, and what was rotated away after them unread."""
    for neighbour in _neighbours(paths):
        try:
            file = FileContent(neighbour)
        except OSError:
            continue
        one = _opened(file, marks, first_time)
        missed = not one.known and one.first_at is not None and one.first_at > marks.state.last
        if (file.status.st_dev, file.status.st_ino) not in seen and (one.bookmark in wanted or missed):
            yield one
        else:
            file.close()


def _neighbours(paths: Sequence[Path]) -> list[Path]:
    """Files that are called as one of the logs with what rotation adds, the newest first."""
    found: dict[Path, float] = {}
    for path in paths:
        name = source_name(path.name)
        try:
            entries = [
                entry for entry in os.scandir(path.parent) if entry.is_file() and source_name(entry.name) == name
            ]
            found.update({Path(entry.path): entry.stat().st_mtime for entry in entries})
        except OSError:
            continue
    return sorted(found, key=lambda path: found[path], reverse=True)[:_MOST_NEIGHBOURS]
