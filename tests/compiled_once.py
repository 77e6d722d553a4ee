"""SQL for the tests: a statement is compiled once a process, and not once for each of thousands of vaults.

Every vault has an engine of its own, and every engine compiled the same few hundred statements again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

_MOST: Final = 5_000
"""Statements that are kept; SQLAlchemy keeps 500 of each engine."""


@contextmanager
def statements_compiled_once() -> Iterator[None]:
    """Within this, engines of one kind of database share what they have compiled."""
    shared: LRUCache[object, object] = LRUCache(_MOST)

    def kept(_: Engine) -> LRUCache[object, object]:
        return shared

    def left_aside(_: Engine, own: object) -> None:
        """An engine comes with a cache of its own, which stays empty."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "_compiled_cache", property(kept, left_aside), raising=False)
        for kind in (SQLiteDialect_pysqlite, PGDialect_psycopg):
            patch.setattr(kind, "__eq__", _alike)
            patch.setattr(kind, "__hash__", _hash)
        yield


def _alike(one: DefaultDialect, other: object) -> bool:
    """Whether a statement reads the same for both: a part of the key under which it is kept."""
    return isinstance(other, DefaultDialect) and _speaks(one) == _speaks(other)


def _speaks(dialect: DefaultDialect) -> tuple[object, ...]:
    return type(dialect), dialect.server_version_info, dialect.paramstyle, dialect.label_length


def _hash(one: DefaultDialect) -> int:
    return hash(type(one))
