"""What the owner of a vault's files may say after a restore: behind a server, on its host alone."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Restorable(Protocol):
    """A vault whose files are here."""

    def accept_restore(self, note: str) -> int:
        """Let the log go on that a backup brought back: an entry says what is lost, and is signed at once.

        The number of the last entry that is lost. Refused where the log is whole, or something else is wrong with it.
        """
        ...
