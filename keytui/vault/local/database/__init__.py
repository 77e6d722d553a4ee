"""What a vault is kept in: SQLite in its own directory, or a PostgreSQL database that several servers share.

Either way a reader sees one moment and waits for nobody, and there is one writer at a time: what it has read cannot
change under it. The audit chain and everything else that reads before it writes stand on that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from sqlalchemy import Engine, event
from sqlmodel import Session

from keytui.vault.local.database.writers import PATIENCE, Writers
from keytui.vault.wanted import Wanted


class Database(ABC):
    """One vault's database. What goes wrong in it comes out as Unreachable, with where it is and a way out."""

    def __init__(self, where: str, reader: Engine, writer: Engine, writers: Writers) -> None:
        self.where = where
        """Where it is, as an operator reads it: no password is in it."""
        self._reader = reader
        self._writer = writer
        self._writers = writers

    @contextmanager
    def reading(self, wanted: Wanted | None = None) -> Iterator[Session]:
        """A session that sees one moment of the vault; broken off once its answer is not `wanted` any more."""
        with self._in_words(), Session(self._reader) as session, self._breakable(session, wanted):
            yield session

    @contextmanager
    def writing(self, patience: float = PATIENCE) -> Iterator[Session]:
        """A session that is the only writer: committed when the block ends, rolled back when it raises.

        Unreachable when others write for longer than `patience`, in seconds.
        """
        with (
            self._in_words(),
            self._writers.turn(patience),
            Session(self._writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def give_up_waiting(self) -> None:
        """The vault is about to be closed: no change waits any more for one of another process."""
        self._writers.give_up()

    def close(self) -> None:
        """Let go of every connection."""
        self._writer.dispose()
        self._reader.dispose()

    def _breakable(self, session: Session, wanted: Wanted | None) -> AbstractContextManager[None]:
        if wanted is None:
            return nullcontext()
        # What is told between two statements, the next one would not hear of.
        event.listen(session.connection(), "before_cursor_execute", lambda *_: wanted.require())
        return self._broken_off(session, wanted)

    @abstractmethod
    def _broken_off(self, session: Session, wanted: Wanted) -> AbstractContextManager[None]:
        """Ends what a reading session asks within once it is not wanted. Nothing of it reaches the next session."""

    @abstractmethod
    def _in_words(self) -> AbstractContextManager[None]:
        """Tells what goes wrong within, as an operator reads it."""
