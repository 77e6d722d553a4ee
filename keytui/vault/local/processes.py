"""Processes as a vault's rows name them, so that another one can find out that the one it waits for is dead."""

from __future__ import annotations

import os
import platform


def this_process() -> str:
    """Its host and number, with a space between."""
    return f"{platform.node()} {os.getpid()}"


def has_died(process: str) -> bool:
    """Whether the process is surely gone. Of another host's nothing is known."""
    host, _, number = process.rpartition(" ")
    if host != platform.node() or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False
