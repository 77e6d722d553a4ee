"""New vaults for the tests: Alembic makes the tables once a process, and the next vault gets a copy of them.

Nearly every test wants an empty vault, and nine tenths of its time went into making one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from keytui.vault.local.database import sqlite
from keytui.vault.local.database.sqlite_schema import alone, bring_up
from keytui.vault.local.schema import SCHEMA, Raised, Schema


@contextmanager
def tables_made_once(directory: Path) -> Iterator[None]:
    """Within this, an empty file is raised to the newest schema by copying the first that was; every other as ever."""
    first = directory / "vault.db"

    def bring_up_from_the_first(engine: Engine, path: Path, schema: Schema) -> Raised:
        began_empty = schema == SCHEMA and path.stat().st_size == 0
        if began_empty and first.exists():
            _copy(first, path)
        raised = bring_up(engine, path, schema)
        if began_empty and not first.exists():
            _copy(path, first)
        return replace(raised, before=None) if began_empty else raised

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite, "bring_up", bring_up_from_the_first)
        yield


def _copy(source: Path, target: Path) -> None:
    with alone(target.with_name("vault.lock")):
        if not target.exists() or target.stat().st_size == 0:
            with closing(sqlite3.connect(source)) as made, closing(sqlite3.connect(target)) as new:
                new.execute("PRAGMA synchronous = OFF")  # no test's vault has to outlive a power cut
                made.backup(new)
