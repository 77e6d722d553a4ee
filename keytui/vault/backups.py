"""Backups of a vault whose files are here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

Tell = Callable[[int, int], None]
"""Is told, now and then, how many bytes of how many are copied."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A file that was made and looked at: a whole vault as it stood at one moment."""

    path: Path
    entry: int
    """The last entry of the log that is in it."""
    size: int
    """Bytes."""


@runtime_checkable
class BackedUp(Protocol):
    """A vault whose files are here."""

    def back_up(self, path: Path, tell: Tell, *, replace: bool = False) -> Backup:
        """Copy the vault, as it stands at one moment, to a new file that only its owner reads.

        Nobody waits for it. The file is there once it was checked, or not at all. Refused where something stands
        there, unless `replace`, and for a vault in PostgreSQL.
        """
        ...
