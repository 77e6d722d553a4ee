"""What a log's bytes come from: a file, plain or gzip'd, or a pipe. Each is known by how it begins, not by its name."""

from __future__ import annotations

import gzip
import io
import os
import select
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Protocol

HEAD: Final = 4096
"""First bytes that a content is known by; fewer where fewer were counted when it was first met."""
BLOCK: Final = 512 * 1024
MOST_LINE: Final = 256 * 1024
"""Bytes of the longest line that is read; a longer one is passed over as it comes, and looked through for secrets."""
_OVERLAP: Final = 16 * 1024
"""Bytes of the longest secret as a log may write it, each of its characters escaped."""
_AT_ONCE: Final = 1.0
"""Seconds for which a pipe is read at once: who reads for longer judges what comes by a time that is past."""
_FIRST_BYTES: Final = 2.0
"""Seconds that a followed pipe has for its first bytes, by which it is known again."""
_CONTENT: Final = "content-"
_GZIP: Final = b"\x1f\x8b"
_CUT_OFF: Final = (EOFError, zlib.error, gzip.BadGzipFile)


class Place(NamedTuple):
    """How far a content was counted: bytes and lines; `head` first bytes are what it is known by."""

    head: int
    offset: int
    lines: int

    @staticmethod
    def parse(value: str) -> Place:
        """As `str` wrote it."""
        head, offset, lines = map(int, value.split())
        return Place(head, offset, lines)

    def __str__(self) -> str:
        return f"{self.head} {self.offset} {self.lines}"


class Block(NamedTuple):
    """Whole lines, each with its end. `read` bytes were used up by them, and by `too_long` lines passed over."""

    data: bytes
    read: int
    too_long: int = 0
    passed: bytes = b""
    """A piece of the line that is being passed over, with the end of the piece before."""
    torn: bool = False
    """It is a last line without an end, and counts only if it can be read: more of it may be elsewhere."""


class Content(Protocol):
    """A log that is open."""

    name: str
    head: bytes
    cut_off: bool
    complete: bool
    """Whether nothing more will be written to it, so that its last line needs no end."""
    waiting: bool
    """Whether a last line was left because more of it may come."""

    def skip(self, offset: int) -> None:
        """Begin at an offset."""
        ...

    def blocks(self) -> Iterator[Block]:
        """What has come so far. A last line without an end is left, unless nothing can follow it."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def identity(head: bytes) -> str:
    """The name of the bookmark of a content that begins so."""
    return f"{_CONTENT}{sha256(head).hexdigest()[:32]}"


def remembered(head: bytes, bookmarks: Mapping[str, str]) -> tuple[str, Place] | None:
    """The bookmark of a content that begins so; of several the one that looked at most of it."""
    found: tuple[str, Place] | None = None
    names: dict[int, str] = {}
    for name, value in bookmarks.items():
        if not name.startswith(_CONTENT):
            continue
        place = Place.parse(value)
        if place.head > len(head):
            continue
        if place.head not in names:
            names[place.head] = identity(head[: place.head])
        if names[place.head] == name and (found is None or place.head > found[1].head):
            found = name, place
    return found


class FileContent:
    """A file, opened anew each time: whoever renames, truncates or packs it meanwhile does not disturb us."""

    def __init__(self, path: Path) -> None:
        """OSError when it cannot be opened."""
        self.name = str(path)
        self.path = path
        self.cut_off = self.complete = self.waiting = False
        raw = path.open("rb")
        self.status = os.fstat(raw.fileno())
        self._packed = raw.peek(2)[:2] == _GZIP
        self._file: io.BufferedReader | gzip.GzipFile = gzip.GzipFile(fileobj=raw) if self._packed else raw
        self._raw = raw
        self.head = self._read(HEAD)
        self._file.seek(0)
        self._left = self.size

    @property
    def size(self) -> int | None:
        """Bytes, where they need no unpacking to be known."""
        return None if self._packed else self.status.st_size

    def skip(self, offset: int) -> None:
        try:
            self._file.seek(offset)
        except _CUT_OFF:
            self.cut_off = True
        self._left = None if self.size is None else self.size - offset

    def blocks(self) -> Iterator[Block]:
        """Up to where it ended as it was opened: what comes meanwhile has times that were still to come then."""
        splitter = Splitter()
        while data := self._read(BLOCK if self._left is None else min(BLOCK, self._left)):
            if self._left is not None:
                self._left -= len(data)
            yield from splitter.split(data)
        if self._packed and not self.cut_off:
            yield from splitter.rest()
        elif self.complete and not self._packed:
            yield from splitter.rest(torn=True)
        self.waiting = splitter.carries and not (self.complete or self._packed)

    def close(self) -> None:
        self._file.close()
        self._raw.close()

    def _read(self, size: int) -> bytes:
        """Up to `size` bytes; of a gzip that is cut off, all that is there."""
        parts: list[bytes] = []
        try:
            while size > 0 and (data := self._file.read1(size)):
                parts.append(data)
                size -= len(data)
        except _CUT_OFF:
            self.cut_off = True
        return b"".join(parts)


class PipeContent:
    """A pipe: what was read is gone, so that it stays open, and knows by itself where it is."""

    def __init__(self, stream: BinaryIO, name: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._monotonic = monotonic
        self.cut_off = self.complete = self.waiting = False
        self.ended = False
        self.head = b""
        self.reached: tuple[int, int] | None = None
        """The bytes and lines that were read of it."""
        self.patience: float | None = None
        """Seconds that it is waited for when nothing comes; None: until it ends."""
        self.followed = False
        """Whether it may bring less than its first bytes for a long time."""
        self._stream = stream
        self._splitter = Splitter()
        self._waiting = b""
        self._looked = self._begun = False
        self._skip = 0

    def look(self, bookmarks: Mapping[str, str]) -> None:
        """Wait, once, for the first bytes, as many as it can be known by; of a followed one no longer than a moment."""
        least = HEAD if any(name.startswith(_CONTENT) for name in bookmarks) else 1
        patience = _FIRST_BYTES if self.followed else None
        while not self._looked and len(self._waiting) < least and (data := self._read(patience)):
            self._waiting += data
        self._looked = True

    def skip(self, offset: int) -> None:
        if not self._begun:
            self._skip = offset
        self._begun = True

    def blocks(self) -> Iterator[Block]:
        """What comes within a second, if it is waited for with patience; else all."""
        began = self._monotonic()
        while data := self._waiting or self._read(self.patience):
            self._waiting = b""
            passed = min(self._skip, len(data))
            self._skip -= passed
            yield from self._splitter.split(data[passed:])
            if self.patience is not None and self._monotonic() - began > _AT_ONCE:
                return
        if self.ended:
            yield from self._splitter.rest(torn=True)

    def close(self) -> None:
        """It is not ours to close."""

    def _read(self, patience: float | None) -> bytes:
        if self.ended or (patience is not None and not _ready(self._stream, patience)):
            return b""
        data = _read_once(self._stream)
        self.ended = not data
        if len(self.head) < HEAD:
            self.head = (self.head + data)[:HEAD]
        return data


def _read_once(stream: BinaryIO) -> bytes:
    """What is there by now, past any buffer: `select` knows nothing of what a buffer holds."""
    try:
        number = stream.fileno()
    except OSError:  # held in memory
        return stream.read(BLOCK)
    return os.read(number, BLOCK)


def _ready(stream: BinaryIO, patience: float) -> bool:
    try:
        return bool(select.select([stream], [], [], patience)[0])
    except (OSError, ValueError):  # held in memory: always ready
        return True


@dataclass(slots=True)
class Splitter:
    """Cuts what comes into whole lines, holding at most the longest line in memory."""

    _carry: bytes = b""
    _passed: int = 0
    """Bytes of a line that is too long, so far."""
    _tail: bytes = b""
    """The last of them."""

    def split(self, data: bytes) -> Iterator[Block]:
        """The lines that end in `data`."""
        if self._passed:
            end = data.find(b"\n") + 1
            if not end:
                self._passed += len(data)
                yield self._piece(data)
                return
            passed, self._passed = self._passed + end, 0
            yield self._piece(data[:end])._replace(read=passed, too_long=1)
            data = data[end:]
        cut = data.rfind(b"\n") + 1
        if cut:
            whole, self._carry = self._carry + data[:cut], data[cut:]
            yield Block(whole, len(whole))
        else:
            self._carry += data
        if len(self._carry) > MOST_LINE:
            piece, self._carry, self._tail = self._carry, b"", b""
            self._passed = len(piece)
            yield self._piece(piece)

    def _piece(self, data: bytes) -> Block:
        """What is passed over, for whoever looks for secrets in it."""
        passed = self._tail + data
        self._tail = passed[-_OVERLAP:]
        return Block(b"", 0, passed=passed)

    @property
    def carries(self) -> bool:
        """Whether the last line has no end yet."""
        return bool(self._carry or self._passed)

    def rest(self, torn: bool = False) -> Iterator[Block]:
        """The last line of a content that is complete, although nothing ends it."""
        carry, passed = self._carry, self._passed
        self._carry, self._passed = b"", 0
        if carry:
            yield Block(carry, len(carry), torn=torn)
        elif passed and not torn:
            yield Block(b"", passed, 1)
