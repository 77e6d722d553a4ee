"""What references to secrets stand for: read anew each time it is asked for, and kept nowhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final

from keytui.command import COMMAND_TIMEOUT, MOST_BYTES, parse_command, printed_by
from keytui.domain.errors import Invalid, Refused
from keytui.domain.references import Place, Reference
from keytui.domain.secrets import Secret
from keytui.plain_file import open_plain
from keytui.vault.system_keyring import kept_in_keyring

_DESCRIPTORS: Final = ("/dev/fd", "/proc/self/fd")


def resolve(reference: Reference, environment: Mapping[str, str], timeout: float = COMMAND_TIMEOUT) -> Secret:
    """The secret that stands there, without one line break at its end. A command has `timeout` seconds.

    Refused when the place does not give it up or is open to others, and for a value that a vault keeps sealed (see
    `with_sealed`). Invalid when what stands there is no secret.
    """
    if reference.place is Place.SEALED:
        raise Refused(f"{reference} cannot be used here: no vault is open", "use one of the other forms")
    if reference.place is Place.ENV:
        content = environment.get(reference.name, "").encode("utf-8", "surrogateescape")
    elif reference.place is Place.FILE:
        content = _file(reference)
    elif reference.place is Place.KEYRING:
        content = kept_in_keyring(reference.name)
    else:
        content = _command(reference, timeout)
    return _secret(reference, content)


def from_here(reference: Reference) -> Secret:
    """The same, with the variables of this process."""
    return resolve(reference, os.environ)


def at_hand(reference: Reference) -> Secret | None:
    """The same, for whoever must not wait or ask: None where it takes a command, a keyring or a vault."""
    return from_here(reference) if reference.place in {Place.ENV, Place.FILE} else None


def _secret(reference: Reference, content: bytes) -> Secret:
    if len(content) > MOST_BYTES:
        raise Invalid(f"{reference} gives more than {MOST_BYTES // 1024} KiB", "that is no secret: check what it names")
    try:
        text = content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Invalid(f"what {reference} gives is not UTF-8 text", "check what it names") from None
    if not text:
        raise Invalid(f"{reference} gives nothing", "set it where keytui runs")
    return Secret(text)


def _file(reference: Reference) -> bytes:
    path = Path(reference.name).expanduser()
    try:
        with _opened(path) as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise Refused(f"others can read {path}", f"`chmod 600 {path}`, and replace the secret in it")
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Refused(f"{reference} cannot be read: {error.strerror}", "name a file that you may read") from None


def _opened(path: Path) -> BinaryIO:
    """What a shell handed over by its number, as `<(program)` is, may be a pipe: it has a writer, and ends."""
    handed = any(path.is_relative_to(descriptors) for descriptors in _DESCRIPTORS)
    return path.open("rb") if handed else open_plain(path)


def _command(reference: Reference, timeout: float) -> bytes:
    words = parse_command(reference.name)
    try:
        return printed_by(words, timeout)
    except Invalid as error:
        raise Refused(error.message, error.hint) from None  # it is written well, and this machine lacks it
