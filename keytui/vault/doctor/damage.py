"""How far damage to a vault's file goes: an index can be made anew from the tables, a table cannot."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from keytui.vault.local.backup.copying import reading
from keytui.vault.local.backup.rebuilding import WORDS


def fault_of_words(path: Path) -> str:
    """What is wrong with the index of the parts of words, which SQLite's own check takes for tables; "" if nothing."""
    try:
        with closing(reading(path)) as database:
            if _has_words(database):
                database.execute("SELECT count(*) FROM key_word_parts").fetchone()
                database.execute("SELECT count(*) FROM key_words WHERE key_words MATCH '\"aaa\"'").fetchone()
    except sqlite3.Error as error:
        return f"the index of names: {error}"
    return ""


def damaged_table(path: Path) -> bool:
    """Whether a table cannot be read to its end."""
    try:
        with closing(reading(path)) as database:
            tables = database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE ? || '%'", (WORDS,)
            )
            for (table,) in tables.fetchall():
                database.execute(f'SELECT count(*) FROM "{table}" NOT INDEXED').fetchone()  # noqa: S608  # from itself
    except sqlite3.Error:
        return True
    return False


def _has_words(database: sqlite3.Connection) -> bool:
    found = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'key_word_parts'").fetchone()
    return found is not None
