"""The three standard streams, made safe to use: none missing, and none that fails as the interpreter ends."""

from __future__ import annotations

import io
import os
import sys

from keytui.domain.errors import Refused


def fill_missing_streams() -> None:
    """Open what the caller closed on the null device, so that no database takes its number and gets our output."""
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY))
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def escape_what_has_no_letters() -> None:
    """A terminal or a pipe whose encoding lacks a character gets its escape: a name in Japanese is no fault of ours."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def flush_output() -> None:
    """Write out what is buffered while an error can still be told; a reader that left early wants no more."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
    except OSError as error:
        discard_output()
        raise Refused(f"standard output cannot be written: {error.strerror}", "make room, then ask again") from None


def discard_output() -> None:
    """Let everything that is still buffered, and whatever follows, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
