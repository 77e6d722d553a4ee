"""The parts of words of all living keys, in SQLite: an FTS5 index of trigrams that triggers keep.

Each word is followed by two characters that no name holds, so that every character begins a trigram: what is shorter
than three is found as the beginning of some. Rows of the index have the rowids of `keys`, which SQLite keeps through a
VACUUM because that table has indexes; a migration that makes `keys` anew has to fill the index again.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

_ADD: Final = """
    INSERT INTO key_words (rowid, name, owner)
    SELECT new.rowid, new.name || char(31, 31), new.owner || char(31, 31) WHERE new.revoked_at IS NULL;
    """
_DROP: Final = """
    INSERT INTO key_words (key_words, rowid, name, owner)
    SELECT 'delete', old.rowid, old.name || char(31, 31), old.owner || char(31, 31) WHERE old.revoked_at IS NULL;
    """
FILL: Final = (
    "INSERT INTO key_words (key_words, rank) VALUES ('automerge', 0)",
    "INSERT INTO key_words (key_words, rank) VALUES ('hashsize', 67108864)",
    """
    INSERT INTO key_words (rowid, name, owner)
    SELECT rowid, name || char(31, 31), owner || char(31, 31) FROM keys WHERE revoked_at IS NULL
    """,
    "INSERT INTO key_words (key_words) VALUES ('optimize')",
    "INSERT INTO key_words (key_words, rank) VALUES ('hashsize', 1048576)",
    "INSERT INTO key_words (key_words, rank) VALUES ('automerge', 4)",
)
"""What fills it while it is empty: in large pieces that are merged once; afterwards FTS5's own measures hold."""
STATEMENTS: Final = (
    "CREATE VIRTUAL TABLE key_words USING fts5(name, owner, content = '', tokenize = 'trigram', columnsize = 0)",
    "CREATE VIRTUAL TABLE key_word_parts USING fts5vocab(key_words, 'row')",
    *FILL,
    f"CREATE TRIGGER key_words_added AFTER INSERT ON keys BEGIN {_ADD} END",
    f"CREATE TRIGGER key_words_dropped AFTER DELETE ON keys BEGIN {_DROP} END",
    f"CREATE TRIGGER key_words_changed AFTER UPDATE OF name, owner, revoked_at ON keys BEGIN {_DROP} {_ADD} END",
)
"""What makes and fills it."""
LONG: Final = 3
"""Characters of the shortest text that it finds in one step."""
BEYOND: Final = "\U0010ffff"
"""Behind every text that begins as another one, when it stands behind that."""
_COUNT: Final = text("SELECT count(*) FROM key_words WHERE key_words MATCH :match")
_PARTS: Final = text("SELECT term FROM key_word_parts WHERE term >= :part AND term < :beyond")


def match_of(connection: Connection, value: str) -> str:
    """What finds an ASCII text, in lower case, in names and owners; "" where no key has it."""
    if len(value) >= LONG:
        return _quoted(value)
    parts = connection.execute(_PARTS, {"part": value, "beyond": value + BEYOND})
    return " OR ".join(_quoted(part) for (part,) in parts)


def all_of(matches: list[str]) -> str:
    """What finds the keys that every one of these finds; "" where one of them finds none."""
    return " AND ".join(f"({match})" for match in matches) if all(matches) else ""


def matching(connection: Connection, match: str) -> int:
    """How many living keys it finds."""
    return connection.execute(_COUNT, {"match": match}).scalar_one() if match else 0


def _quoted(value: str) -> str:
    doubled = value.replace('"', '""')
    return f'"{doubled}"'
