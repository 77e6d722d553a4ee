"""What a vault is kept in: SQLite in its own directory, or a PostgreSQL database that several servers share.

Either way a reader sees one moment and waits for nobody, and there is one writer at a time: what it has read cannot
change under it. The audit chain and everything else that reads before it writes stand on that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Engine
from sqlmodel import Session


class Database(ABC):
    """One vault's database. What goes wrong in it comes out as Unreachable, with where it is and a way out."""

    def __init__(self, where: str, reader: Engine, writer: Engine) -> None:
        self.where = where
        """Where it is, as an operator reads it: no password is in it."""
        self._reader = reader
        self._writer = writer

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one moment of the vault."""
        with self._in_words(), Session(self._reader) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that is the only writer: committed when the block ends, rolled back when it raises."""
        with self._in_words(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Let go of every connection."""
        self._reader.dispose()

    @abstractmethod
    def _in_words(self) -> AbstractContextManager[None]:
        """Tells what goes wrong within, as an operator reads it."""
