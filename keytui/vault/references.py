"""What references to secrets stand for: read anew each time it is asked for, and kept nowhere."""

from __future__ import annotations

import os
import select
import stat
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final, cast

from keytui.domain.errors import Invalid, Refused
from keytui.domain.references import Place, Reference
from keytui.domain.secrets import Secret
from keytui.targets.command import COMMAND_TIMEOUT, ended, kill_with_children, parse_command

MOST_BYTES: Final = 64 * 1024
"""More than any credential holds, and little enough to read whole."""


def resolve(reference: Reference, environment: Mapping[str, str], timeout: float = COMMAND_TIMEOUT) -> Secret:
    """The secret that stands there, without one line break at its end. A command has `timeout` seconds.

    Refused when the place does not give it up or is open to others, Invalid when what stands there is no secret.
    """
    if reference.place is Place.ENV:
        content = environment.get(reference.name, "").encode("utf-8", "surrogateescape")
    elif reference.place is Place.FILE:
        content = _file(reference)
    else:
        content = _command(reference, timeout)
    return _secret(reference, content)


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
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise Refused(f"others can read {path}", f"`chmod 600 {path}`, and replace the secret in it")
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Refused(f"{reference} cannot be read: {error.strerror}", "name a file that you may read") from None


def _command(reference: Reference, timeout: float) -> bytes:
    """What the command prints. Its own words of complaint are thrown away: they may hold the secret."""
    words = parse_command(reference.name)
    try:
        process = subprocess.Popen(  # noqa: S603  # the operator's own command, split into words, without a shell
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise Refused(f"{words[0]!r} cannot be started: {why}", "check its name and that it may run") from None
    with process:
        try:
            printed = _printed(process, timeout)
        except subprocess.TimeoutExpired:
            kill_with_children(process)
            raise Refused(
                f"{words[0]!r} did not end within {timeout:g} s and was killed",
                "run it by hand: it may wait for somebody",
            ) from None
        if len(printed) > MOST_BYTES:
            kill_with_children(process)
            return printed
    if process.returncode:
        raise Refused(f"{words[0]!r} {ended(process.returncode)}", "run it by hand, and see what it says")
    return printed


def _printed(process: subprocess.Popen[bytes], timeout: float) -> bytes:
    """What it prints until it ends, or until that is too much. TimeoutExpired when it takes longer."""
    stream, until, printed = cast(BinaryIO, process.stdout), time.monotonic() + timeout, b""
    while len(printed) <= MOST_BYTES:
        if not select.select([stream], [], [], max(until - time.monotonic(), 0))[0]:
            raise subprocess.TimeoutExpired(process.args, timeout)
        data = os.read(stream.fileno(), MOST_BYTES)
        if not data:
            process.wait(max(until - time.monotonic(), 0))
            break
        printed += data
    return printed
