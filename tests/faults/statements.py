"""Connections to SQLite that fail at the n-th statement, a COMMIT among them."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, ClassVar, Final, Self

import pytest

import keytui

WAYS: Final = (
    "disk I/O error",
    "database is locked",
    "database or disk is full",
    "attempt to write a readonly database",
)
DEAD: Final = 97
"""How a process ends that died at a statement."""
_OURS: Final = Path(keytui.__file__).parent
_UNDONE_BY_SQLITE: Final = frozenset(WAYS[0:3:2])
"""After these SQLite has ended the transaction by itself already."""


class Statements:
    """Counts what this process asks of SQLite. The one numbered `fails_at` fails, and those after it too where it
    `stays` so; a transaction can be rolled back all the same.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.noting = False
        self._askers: set[CodeType] = set()
        self._fails_at = self._dies_at = 0
        self._way = ""
        self._stays = False

    @contextmanager
    def counted(self, fails_at: int = 0, way: str = "", *, stays: bool = False) -> Iterator[Self]:
        """What is asked inside counts from 1."""
        self.asked, self._fails_at, self._way, self._stays = 0, fails_at, way, stays
        try:
            yield self
        finally:
            self._fails_at = 0

    @property
    def asked_by(self) -> set[tuple[str, str]]:
        """The functions of keytui that asked something while `noting`: their module's path in it, and their name."""
        ours = ((Path(code.co_filename), code.co_qualname) for code in self._askers)
        return {(str(path.relative_to(_OURS)), name) for path, name in ours if path.is_relative_to(_OURS)}

    def _note(self, frame: FrameType | None) -> None:
        while frame is not None:
            self._askers.add(frame.f_code)
            frame = frame.f_back

    def die_at(self, number: int) -> None:
        """End this process there, as if it were killed: what is open is neither rolled back nor closed."""
        self.asked, self._dies_at = 0, number

    def ask(self, connection: sqlite3.Connection) -> None:
        """One more."""
        self.asked += 1
        if self.noting:
            self._note(sys._getframe())
        if self.asked == self._dies_at:
            os._exit(DEAD)
        if not self._fails_at or self.asked < self._fails_at or (self.asked > self._fails_at and not self._stays):
            return
        if self._way in _UNDONE_BY_SQLITE:
            connection.rollback()
        raise sqlite3.OperationalError(self._way)


class _Connection(sqlite3.Connection):
    statements: ClassVar[Statements]

    def cursor(self, *_: Any) -> Any:
        return super().cursor(_Cursor)

    def execute(self, *given: Any) -> Any:
        return self.cursor().execute(*given)

    def executemany(self, *given: Any) -> Any:
        return self.cursor().executemany(*given)

    def backup(self, *given: Any, **named: Any) -> None:
        self.statements.ask(self)
        super().backup(*given, **named)

    def commit(self) -> None:
        if self.in_transaction:
            self.statements.ask(self)
        super().commit()


class _Cursor(sqlite3.Cursor):
    def execute(self, *given: Any) -> Self:
        _Connection.statements.ask(self.connection)
        return super().execute(*given)

    def executemany(self, *given: Any) -> Self:
        _Connection.statements.ask(self.connection)
        return super().executemany(*given)


@contextmanager
def watched_statements() -> Iterator[Statements]:
    """Those of every connection that keytui makes from here on."""
    with pytest.MonkeyPatch.context() as patched:
        _Connection.statements = statements = Statements()
        real = sqlite3.connect

        def connect(*given: Any, **named: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = real(*given, **{"factory": _Connection, **named})
            return connection

        patched.setattr("keytui.vault.local.database.sqlite.sqlite3.connect", connect)
        yield statements
