"""The three standard streams, made safe to use: none missing, none that fails as the interpreter ends, and none that
cannot say what we say.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Final, TextIO

from keytui.domain.errors import Refused

_OF_WRITING: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.ENXIO})
"""Errors of a stream: whatever else we write to is a file that has a name, and says so by itself."""


def fill_missing_streams() -> None:
    """Open what the caller closed on the null device, so that no database takes its number and gets our output."""
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY))
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def stand_in_for_symbols() -> None:
    """Where an encoding has no lines and symbols, they come out as ASCII that is as wide and reads alike; any other
    character that it lacks as its escape: a name in Japanese is no fault of ours.

    A locale that names no encoding (`C`, `POSIX`) is taken for UTF-8, as Python does. Within tmux its client knows.
    """
    streams = [stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, io.TextIOWrapper)]
    terminals = [stream for stream in streams if stream.isatty()]
    if terminals and os.environ.get("TMUX") and not _reaches_the_terminal():
        for stream in terminals:
            stream.reconfigure(encoding="ascii")
    for stream in streams:
        if is_utf8(stream):
            stream.reconfigure(errors="backslashreplace")
        else:
            from keytui.cli.stand_ins import NAME

            stream.reconfigure(errors=NAME)


def is_utf8(stream: TextIO) -> bool:
    """Whether everything can be written there."""
    return stream.encoding.lower().replace("-", "") == "utf8"


def _reaches_the_terminal() -> bool:
    from keytui.cli.tmux import takes_unicode

    return takes_unicode()


def flush_output() -> None:
    """Write out what is buffered while an error can still be told. Refused when it cannot be written, BrokenPipeError
    when a reader left early; either way nothing more is written from now on.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        raise output_fault(error) from None


def output_fault(error: OSError) -> Exception:
    """What became of standard output, where `error` came of writing to it; another error comes back as it is."""
    if isinstance(error, BrokenPipeError):
        discard_output()
        return error
    if error.filename is not None or error.errno not in _OF_WRITING:
        return error
    discard_output()
    return Refused(f"standard output cannot be written: {error.strerror}", "make room, then ask again")


def discard_output() -> None:
    """Let everything that is still buffered, and whatever follows, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
