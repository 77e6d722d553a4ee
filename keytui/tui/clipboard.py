"""Ways to the operator's clipboard. Run as a module, it is the short-lived program that talks to the local one."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from keytui.command import pipe_to_command
from keytui.domain.errors import Refused
from keytui.domain.secrets import Secret

COPY_TIMEOUT: Final = 3.0
CLEAR_AFTER: Final = 45.0


class Route(StrEnum):
    """Which clipboard a secret is sent to."""

    TERMINAL = "your terminal's clipboard (OSC 52)"
    LOCAL = "this machine's clipboard"


def route(environment: Mapping[str, str]) -> Route:
    """Under SSH a local helper would write the remote machine's clipboard; OSC 52 goes to the operator's own."""
    under_ssh = any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"))
    return Route.TERMINAL if under_ssh else Route.LOCAL


def terminal_limits(environment: Mapping[str, str]) -> str:
    """What stands between this program and the terminal and may drop OSC 52; empty when nothing is known to."""
    if environment.get("TMUX"):
        return "tmux drops OSC 52 unless `tmux set -s set-clipboard on` (its default is external)"
    if environment.get("STY"):
        return "GNU screen drops OSC 52: use f or p, or run keytui outside of it"
    return ""


def send_to_terminal(write: Callable[[str], None], secret: Secret) -> None:
    """Ask the terminal, by OSC 52 through `write`, to take the secret. No terminal says whether it did."""
    write(f"\x1b]52;c;{base64.b64encode(secret.reveal().encode()).decode()}\a")


def copy_locally(secret: Secret, timeout: float = COPY_TIMEOUT, clear_after: float = CLEAR_AFTER) -> None:
    """Put the secret on this machine's clipboard, and empty that after `clear_after` seconds if it is still there.

    Refused when there is no clipboard, or when its helper has not answered within `timeout` seconds. Helpers can
    hang, so a process of its own does it and can be killed; `-P` keeps it from importing out of the working directory.
    """
    program = (sys.executable, "-P", "-m", "keytui.tui.clipboard", str(clear_after))
    try:
        pipe_to_command(program, secret, timeout)
    except Refused:
        raise Refused(f"no clipboard took it within {timeout:g} s", "use OSC 52, a file or a pipe") from None


def main() -> None:
    """Copy standard input; then let a child, which outlives the console, clear it after `argv[1]` seconds."""
    import pyperclip  # noqa: PLC0415  # the console imports this module at its start and never needs it

    value = sys.stdin.read()
    pyperclip.copy(value)
    digest = hashlib.sha256(value.encode()).digest()
    del value
    if os.fork() == 0:
        time.sleep(float(sys.argv[1]))
        if hashlib.sha256(pyperclip.paste().encode()).digest() == digest:
            pyperclip.copy("")


if __name__ == "__main__":
    main()
