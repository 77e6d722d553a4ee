"""The vault's files: a directory that only its owner enters (0700), files that only its owner reads (0600)."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex
from typing import Final

from keytui.domain.errors import Unreachable
from keytui.domain.secrets import Randomness
from keytui.plain_file import read_plain
from keytui.vault.local.modes import shut_out, unreadable_way

DATABASE: Final = "vault.db"
"""What a vault in SQLite is called, in its directory."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_KEY_LENGTH: Final = 32
_BRING_KEY: Final = "bring back your own copy of it, no backup has one: docs/guide/recovery.md says what to do"


def private_directory(path: Path) -> None:
    """Make the directory, and those above it that are missing. Unreachable when others may enter it."""
    if closed := shut_out(path):
        raise closed
    try:
        for directory in (*reversed(path.parents), path):
            directory.mkdir(mode=0o700, exist_ok=True)
        mode = path.stat().st_mode
    except OSError as error:
        raise Unreachable(
            f"the vault's directory {path} cannot be made: {error.strerror}",
            "check the path and its permissions, or set KEYTUI_HOME to a place of your own",
        ) from error
    if mode & _OTHERS:
        raise Unreachable(f"others may enter the vault's directory {path}", f"close it first: chmod 700 {path}")


def private_file(path: Path) -> None:
    """Make an empty file if it is not there, and close one that others may read.

    One that is there is not opened: closing it would drop the locks that SQLite holds on it in this process, and with
    them what keeps another process from taking the write-ahead log away under us.
    """
    try:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        if path.stat().st_mode & _OTHERS:
            path.chmod(0o600)
    except OSError as error:
        raise unreadable(path, error) from error


def kept_key(path: Path, randomness: Randomness) -> bytes:
    """The 32 bytes of a key file, drawn on first use. Unreachable when the file does not hold a whole key."""
    key = created_once(path, lambda: randomness(_KEY_LENGTH))
    private_file(path)
    if len(key) != _KEY_LENGTH:
        raise Unreachable(f"{path} does not hold a whole key", _BRING_KEY)
    return key


def created_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """The file's content; made whole if it is not there, by one process only even when several begin at once."""
    try:
        return read_plain(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        # where another process was first, its content is the one that counts
        with _written_beside(path, make(), durable=True) as draft, contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        return read_plain(path)
    except OSError as error:
        raise unreadable(path, error) from error


def replace(path: Path, content: bytes) -> None:
    """Put new content in a file's place at once: a reader sees the old or the new. A power cut may lose the new."""
    try:
        with _written_beside(path, content, durable=False) as draft:
            draft.replace(path)
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> Unreachable:
    """What an operator reads of a file that cannot be used."""
    way = unreadable_way(path) or "check who owns it and whether the disk is full"
    return Unreachable(f"{path} cannot be used: {error.strerror}", way)


@contextlib.contextmanager
def _written_beside(path: Path, content: bytes, *, durable: bool) -> Iterator[Path]:
    """A draft of what the file is to hold, gone after the block unless it was put in place."""
    draft = path.with_name(f".{path.name}.{token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)
