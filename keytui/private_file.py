"""Files that only their owner can read: a new one, carried on from there, and one whose content is replaced at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from keytui.domain.errors import Invalid, Refused
from keytui.domain.secrets import Secret
from keytui.text_file import draft_beside, flush_names

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)


def write_new_file(path: Path, secret: Secret) -> Path:
    """Write the secret, and nothing after it, to a new file with mode 0600; its absolute path comes back.

    Refused when anything is there already, a dangling link included; Invalid when the place cannot be written.
    A file that could not be written whole is removed again.
    """
    absolute = path.expanduser().absolute()
    content = _bytes(absolute, secret)
    try:
        descriptor = os.open(absolute, _NEW, 0o600)
    except FileExistsError:
        raise Refused(f"{absolute} is there already", "name a file that does not exist yet") from None
    except (OSError, ValueError) as error:
        raise _unwritable(absolute, error) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        absolute.unlink(missing_ok=True)
        raise _unwritable(absolute, error) from None
    return absolute


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
