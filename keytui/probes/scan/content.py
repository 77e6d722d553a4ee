"""What is looked at of a file: its bytes, unpacked where they are packed as a stream."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from keytui.probes.scan.search import Read

_STREAMS: Final = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open))
_ARCHIVES: Final = (b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c", b"Rar!")
DAMAGED: Final = (EOFError, zlib.error, lzma.LZMAError)
"""What reading a packed file that is cut off or spoiled raises, beside OSError."""


@dataclass(frozen=True, slots=True)
class PipeFile:
    """What comes on a pipe, standard input among them."""

    name: str
    stream: BinaryIO


class Archive(Exception):
    """The file is packed in a way that is not looked into."""


@contextmanager
def reading(path: Path, *, named: bool = False) -> Iterator[Read]:
    """A file's bytes, as many as come at once. OSError when it cannot be read, Archive when it is not looked into.

    One that was found, and not `named` by somebody, is opened only when it is a regular file and no link.
    """
    flags = 0 if named else os.O_NOFOLLOW | os.O_NONBLOCK
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags), "rb") as raw:
        if not (named or stat.S_ISREG(os.fstat(raw.fileno()).st_mode)):
            raise OSError(0, "is no regular file any more")
        with _unpacked(raw) as unpacked:
            yield unpacked.read1


@contextmanager
def _unpacked(raw: io.BufferedReader) -> Iterator[io.BufferedReader]:
    head = raw.peek(8)[:8]
    if head.startswith(_ARCHIVES):
        raise Archive
    unpack = next((unpack for magic, unpack in _STREAMS if head.startswith(magic)), None)
    if unpack is None:
        yield raw
    else:
        with unpack(raw, "rb") as unpacked:
            yield cast(io.BufferedReader, unpacked)  # each of the three can `read1`
