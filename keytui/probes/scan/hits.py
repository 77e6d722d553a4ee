"""What a scan tells: where a secret lies, and what could not be looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hit:
    """A version's whole secret, where it lies. `file` is safe to show, also where a name holds a secret itself.

    `line` is the first that holds it, 0 for a file's name and for a commit's message; `lines` are all of them.
    `commit` is the oldest known one that brought it, and `blob` the object, in a repository's history.
    """

    key_id: str
    version: int
    file: str
    line: int = 0
    lines: int = 1
    commit: str = ""
    blob: str = ""
    likely: bool = False
    """It begins as the secret does, whose value is not known here."""

    @property
    def place(self) -> str:
        """Where it lies, in one line."""
        at = f"{self.file}:{self.line}" if self.line else self.file
        where = f"commit {self.commit[:12]}" if self.commit else f"object {self.blob[:12]}"
        return f"{where} {at}" if self.blob else at


@dataclass(frozen=True, slots=True)
class Unread:
    """What was not looked at, and why."""

    place: str
    why: str


Told = Callable[[int], None]
"""Is told of bytes as they were looked at."""
