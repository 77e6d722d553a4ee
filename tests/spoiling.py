"""Damage to a vault's file, as a failing disk does it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def spoil(vault: Path, name: str) -> None:
    """Overwrite the first page of a table or an index of the vault in a directory; nobody has it open."""
    path = vault / "vault.db"
    with closing(sqlite3.connect(path)) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
