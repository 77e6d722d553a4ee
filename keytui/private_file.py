"""Files that only their owner can read: new, replaced at once as a whole, or in a place that passes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

from keytui.domain.errors import Invalid, Refused, Unreachable
from keytui.domain.secrets import Secret
from keytui.text_file import draft_beside, flush_names

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)


def write_new_file(path: Path, secret: Secret) -> Path:
    """Write the secret, and nothing after it, to a `new_file`; its absolute path comes back."""
    absolute = path.expanduser().absolute()
    content = _bytes(absolute, secret)
    with new_file(absolute) as file:
        file.write(content)
    return absolute


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file of mode 0600 to write to, on the disk once the block ends; where it raises, the file is removed again.

    Refused when anything is there already, a dangling link included; Invalid when the place cannot be written.
    """
    try:
        descriptor = os.open(path, _NEW, 0o600)
    except FileExistsError:
        raise Refused(f"{path} is there already", "name a file that does not exist yet") from None
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            yield file
            file.flush()
            os.fsync(descriptor)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(path, error) from None
        raise


def replace_privately(path: Path, content: Secret | None) -> None:
    """A file of mode 0600 with this content alone, whole at any moment; none where the content is None.

    Only while `alone_in` its directory. Invalid or Refused when it cannot be.
    """
    try:
        if content is None:
            path.unlink(missing_ok=True)
        else:
            _swap(path, content)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}", "see to its directory and the disk") from None
    flush_names(path.parent)


def passing_directory(prefix: str) -> TemporaryDirectory[str]:
    """A directory of mode 0700 that is gone after the block. Unreachable when none can be made."""
    try:
        return TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
    except OSError as error:
        raise Unreachable(
            f"no directory can be made for files that pass: {error.strerror}",
            "make room, or name a directory of your own in TMPDIR",
        ) from None


def _swap(path: Path, content: Secret) -> None:
    draft = write_new_file(draft_beside(path), content)
    try:
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _bytes(path: Path, secret: Secret) -> bytes:
    try:
        return secret.reveal().encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # it would carry the secret along
        raise Invalid(f"what is to stand in {path} is no text", "give it in UTF-8") from None


def _unwritable(path: Path, error: OSError | ValueError) -> Invalid:
    why = error.strerror if isinstance(error, OSError) else error
    return Invalid(f"{path} cannot be written: {why}", "name a file in a directory that you may write to")
