"""Whether the file of an open vault is still the one that was opened.

One that was moved away, or that another was put in place of, shows by its number. One that a copying program wrote over
keeps its number, and shows by its mark, which every change of the vault writes into the head of the file: SQLite brings
it there from its log together with all else, so that the file alone, without the log, never has an older one again.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from keytui.domain.errors import Unreachable
from keytui.vault.local.log_head import Settled

_NOTHING: Final = Settled(0, 0)


class SameFile:
    """Looked at each time before the vault is asked: one `stat`, and a look into the file where that differs."""

    def __init__(self, path: Path) -> None:
        """Of the file that is there now, before SQLite opens it: while that waits, another may be put there."""
        self._path = path
        self._number = _number(path)
        self._looked: tuple[int, int] | None = None
        self.settled = _NOTHING
        """What is known to be in the file itself."""

    def require(self) -> None:
        """Raise Unreachable when it is not the same file, or another's content is in it."""
        try:
            status = self._path.stat()
        except OSError:
            status = None
        if status is None or (status.st_dev, status.st_ino) != self._number:
            raise Unreachable(
                f"the vault {self._path} was moved away or replaced while it was open",
                "put it back, or leave and start again to open what is there now",
            )
        if (looked := (status.st_mtime_ns, status.st_size)) != self._looked:
            self._look()
            self._looked = looked

    @property
    def was_written_over(self) -> bool:
        """Whether it has its number still, and another's content."""
        try:
            self.require()
        except Unreachable:
            return _number(self._path) == self._number
        return False

    def _look(self) -> None:
        found = settled_in(self._path)
        if found is None or not found.follows(self.settled):
            raise Unreachable(
                f"the vault {self._path} was written over while it was open, with an older copy or another vault",
                f"end everything that has it open, move {self._path.name} away with its -wal and -shm, which are not "
                "of one vault any more, then put the right file there, or load it: keytui backup load FILE",
            )
        self.settled = found


def refuse_strangers_log(path: Path, known: Settled) -> bool:
    """Unreachable where SQLite's log lies beside a file that it is not of: opened together they would be mixed.

    `known` is what was in the file itself once. SQLite cannot tell, and would write the one into the other. Says
    whether the file holds less than was known where it has no log, so that it is whole.
    """
    found = settled_in(path)
    if found is None or found.follows(known):
        return False
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        raise Unreachable(
            f"{path} is not the file that {log.name} belongs to: an older copy or another vault is in its place",
            f"put the one back that was there; or move {path.name} away with its -wal and -shm, and load it as a "
            "backup: keytui backup load FILE",
        )
    return True


def settled_in(path: Path) -> Settled | None:
    """What the file says by itself, without SQLite's log; None where it is no database.

    By SQLite, for whoever opens and closes the file otherwise drops the locks that SQLite holds on it.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as file:
            (vault,) = file.execute("PRAGMA application_id").fetchone()
            (entry,) = file.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error:
        return None
    return Settled(vault, entry)


def _number(path: Path) -> tuple[int, int] | None:
    """Which file the path names now; None when it names none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
