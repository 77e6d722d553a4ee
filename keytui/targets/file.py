"""A new file that only its owner can read, for a secret that is carried on from there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from keytui.domain.errors import Invalid, Refused
from keytui.domain.secrets import Secret

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)


def write_new_file(path: Path, secret: Secret) -> Path:
    """Write the secret, and nothing after it, to a new file with mode 0600; its absolute path comes back.

    Refused when anything is there already, a dangling link included; Invalid when the place cannot be written.
    A file that could not be written whole is removed again.
    """
    absolute = path.expanduser().absolute()
    try:
        descriptor = os.open(absolute, _NEW, 0o600)
    except FileExistsError:
        raise Refused(f"{absolute} is there already", "name a file that does not exist yet") from None
    except (OSError, ValueError) as error:
        raise _unwritable(absolute, error) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(secret.reveal().encode())
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        absolute.unlink(missing_ok=True)
        raise _unwritable(absolute, error) from None
    return absolute


def _unwritable(path: Path, error: OSError | ValueError) -> Invalid:
    why = error.strerror if isinstance(error, OSError) else error
    return Invalid(f"{path} cannot be written: {why}", "name a file in a directory that you may write to")
