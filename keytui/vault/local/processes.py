"""Processes as a vault's rows name them, so that another one can find out that the one it waits for is dead."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from secrets import token_hex
from typing import Final

_START: Final = token_hex(8)
"""Of this process alone: two containers may have one host name, and each a process number 1."""
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_NUMBERED_BY: Final = Path("/proc/self/ns/pid")


def this_process() -> str:
    """Where its number means something, when it was started, and its number: two words."""
    return f"{_where()}#{_START} {os.getpid()}"


def has_died(process: str) -> bool:
    """Whether the process is surely gone. Nothing is known of one whose number may be another's here: of another host,
    of a container, of an operating system that does not tell.
    """
    place, _, number = process.rpartition(" ")
    where = _where()
    if not where or place.partition("#")[0] != where or not number.isdecimal():
        return False
    if int(number) == os.getpid():
        return process != this_process()
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


def _where() -> str:
    """The host since it was started, and what numbers its processes there; "" where that cannot be read."""
    try:
        return f"{platform.node()}/{_BOOT.read_text().strip()}/{_NUMBERED_BY.readlink()}".replace(" ", "")
    except OSError:
        return ""
