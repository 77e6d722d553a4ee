"""Whether another process keeps everybody from writing to the vault."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from keytui.vault.doctor.finding import Finding, wrong
from keytui.vault.local.database.lock_holder import Holder, lock_holder

SUBJECT: Final = "vault"
_LOOKS: Final = 5
_BETWEEN: Final = 0.2
"""Seconds. No change of keytui's takes as long as all the looks."""


def look_at_writers(path: Path, pause: Callable[[float], object] = time.sleep) -> Iterator[Finding]:
    """Of a vault in SQLite. Who has just written is asked after again: only one who stays holds others up."""
    holder = lock_holder(path)
    for _ in range(_LOOKS):
        if holder is None:
            return
        pause(_BETWEEN)
        holder = _still(path, holder)
    if holder is not None:
        yield wrong(
            SUBJECT,
            f"{holder} keeps everybody else from writing to {path}; reading goes on",
            f"see what it does (ps -fp {holder.pid}); if it hangs, end it: what it has not finished is undone",
        )


def _still(path: Path, holder: Holder) -> Holder | None:
    return holder if lock_holder(path) == holder else None
