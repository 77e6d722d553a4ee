"""Names in a vault, for a shell that completes words: by SQLite alone, read only, and for a moment at most."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import Final

from keytui.vault.local.keys.read_only import read_only
from keytui.vault.profile import Profile

COLUMNS: Final = ("name", "environment", "owner", "tenant", "issuer")
MOST: Final = 200
"""Words that one answer holds: more are not read on a terminal."""
_LONGEST: Final = 0.15
"""Seconds after which an answer is given up: whoever pressed tab waits for it."""
_INSTRUCTIONS: Final = 1000
"""Of SQLite's, between two looks at the clock."""


def words_of(profile: Profile, column: str, beginning: str) -> tuple[str, ...]:
    """What a column of the keys that are not revoked holds, each once and in order, of what begins so.

    Nothing for a vault that is away, locked or slow.
    """
    if column not in COLUMNS:
        return ()
    until = time.monotonic() + _LONGEST
    try:
        opened = read_only(profile)
        if opened is None:
            return ()
        with closing(opened) as database:
            database.set_progress_handler(lambda: time.monotonic() > until, _INSTRUCTIONS)
            return _each(database, column, beginning)
    except (sqlite3.Error, OSError, ValueError):
        return ()


def _each(database: sqlite3.Connection, column: str, beginning: str) -> tuple[str, ...]:
    """From one word to the next by the index, past all the keys that share it."""
    living = f"SELECT min({column}) FROM keys WHERE revoked_at IS NULL AND {column}"  # noqa: S608  # one of COLUMNS
    found: list[str] = []
    word = next(iter(database.execute(f"{living} >= ?", (beginning,))))[0]
    while word is not None and word.startswith(beginning) and len(found) < MOST:
        found.append(word)
        word = next(iter(database.execute(f"{living} > ?", (word,))))[0]
    return tuple(found)
