"""Commands of the operator's: no shell, the secret on standard input, and nothing of it in arguments or environment."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO, Final, cast

from keytui.domain.errors import Invalid, Refused
from keytui.domain.secrets import Secret

COMMAND_TIMEOUT: Final = 30.0
MOST_BYTES: Final = 64 * 1024
"""More than any credential holds, and little enough to read whole."""
_SHELL_ONLY: Final = frozenset({"|", "||", "&&", "&", ";", ">", ">>", "<", "2>"})


def parse_command(line: str) -> tuple[str, ...]:
    """The words of a command line. Invalid for none, for open quotes, and for what only a shell understands."""
    try:
        words = tuple(shlex.split(line))
    except ValueError as error:
        raise Invalid(f"the command cannot be read: {error}", "close every quote") from None
    if not words:
        raise Invalid("there is no command", "name a program that reads the secret on its standard input")
    if shell_word := next((word for word in words if word in _SHELL_ONLY), None):
        raise Invalid(
            f"{shell_word!r} is a shell's word, and the command runs without one",
            "put the pipeline into a script, and name the script",
        )
    return words


def pipe_text_to_command(words: Sequence[str], text: str, timeout: float = COMMAND_TIMEOUT) -> None:
    """Run the command with a text, and nothing after it, on its standard input. What it prints is thrown away.

    Refused names the exit code when it is not 0, the signal that ended it, or the `timeout` in seconds after which it
    and its children were killed; Invalid when it cannot be started.
    """
    process = _started(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        process.communicate(text.encode(), timeout)
    except subprocess.TimeoutExpired:
        _kill_with_children(process)
        raise Refused(
            f"{words[0]!r} did not end within {timeout:g} s and was killed", "check by hand what it has done"
        ) from None
    if process.returncode:
        raise Refused(
            f"{words[0]!r} {_ended(process.returncode)}", "what it printed is not shown: it may hold what was piped"
        )


def pipe_to_command(words: Sequence[str], secret: Secret, timeout: float = COMMAND_TIMEOUT) -> None:
    """Run the command with the secret, and nothing after it, on its standard input.

    What the command prints is thrown away: it may hold the secret. Refused names the exit code when it is not 0,
    the signal that ended it, or the `timeout` in seconds after which it and its children were killed; Invalid when
    it cannot be started or when its arguments hold the secret.
    """
    if any(secret.reveal() in word for word in words):
        raise Invalid(
            "the command line holds the secret, where every process could read it", "leave it out: it is piped"
        )
    pipe_text_to_command(words, secret.reveal(), timeout)


def printed_by(words: Sequence[str], timeout: float = COMMAND_TIMEOUT) -> bytes:
    """What a command prints, up to one byte more than `MOST_BYTES`; whoever gets more than those must refuse it,
    because the command was killed. Its complaints are thrown away: they may hold what it prints.

    Refused when it does not end well, in `timeout` seconds; Invalid when it cannot be started.
    """
    with _started(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            printed = _printed(process, timeout)
        except subprocess.TimeoutExpired:
            _kill_with_children(process)
            raise Refused(
                f"{words[0]!r} did not end within {timeout:g} s and was killed",
                "run it by hand: it may wait for somebody",
            ) from None
        except KeyboardInterrupt:  # a signal of ours does not reach it: it leads its own session
            _kill_with_children(process)
            raise
        if len(printed) > MOST_BYTES:
            _kill_with_children(process)
            return printed[: MOST_BYTES + 1]
    if process.returncode:
        raise Refused(f"{words[0]!r} {_ended(process.returncode)}", "run it by hand, and see what it says")
    return printed


def _started(words: Sequence[str], stdin: int, stdout: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603  # the operator's own command, split into words, without a shell
            list(words), stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL, start_new_session=True
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise Invalid(f"{words[0]!r} cannot be started: {why}", "check its name and that it may run") from None


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


def _kill_with_children(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads its own session, and everything that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _ended(code: int) -> str:
    """How a process ended, by its return code: `exited with 3`, `was ended by SIGKILL`."""
    if code >= 0:
        return f"exited with {code}"
    names = {number.value: number.name for number in signal.Signals}  # most real-time signals have none
    return f"was ended by {names.get(-code, f'signal {-code}')}"
