"""Very many keys for a vault that is thrown away: past every rule but the tables' own, as fast as SQLite takes them.

Nobody was told their secrets, not even this process: a digest is drawn, and not the value. The log is not written. It
happens on a connection without a journal, so that a vault in which it was broken off is of no use.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from keytui.vault.local.keys.word_index import FILL

AT_ONCE: Final = 20_000
_CACHE_KIB: Final = 400_000
_KEYS: Final = """
    INSERT INTO keys (id, name, environment, tenant, issuer, kind, description, owner, scopes, apps, format, sensitive,
                      targets, created_at, version, version_created_at, prefix, last_used_at, expires_at,
                      weak, shared, leaked, drifted)
    VALUES (?, ?, ?, '', 'builtin', 'api-key', '', ?, ?, '', 'tk', 0, '', ?, 1, ?, ?, ?, ?, 0, 0, 0, 0)
    """
_VERSIONS: Final = """
    INSERT INTO versions (key_id, number, state, created_at, digest, keyed, prefix, weak, label, shared, leaked,
                          delivered_at, last_used_at)
    VALUES (?, 1, 'active', ?, ?, 0, ?, 0, '', 0, 0, ?, ?)
    """
_COUNTS: Final = "INSERT INTO key_counts (tenant, environment, living) VALUES ('', ?, ?)"
_AFTERWARDS: Final = """
    SELECT type, name, sql FROM sqlite_master
    WHERE sql IS NOT NULL AND type IN ('index', 'trigger') AND tbl_name IN ('keys', 'versions')
    """


@dataclass(frozen=True, slots=True)
class ForShow:
    """One key as its row has it; times are microseconds since 1970, `digest` is 64 hexadecimal digits."""

    id: str
    name: str
    environment: str
    owner: str
    scopes: str
    created_at: int
    prefix: str
    digest: str
    last_used_at: int | None
    expires_at: int | None


def put_for_show(path: Path, keys: Iterable[ForShow], told: Callable[[int], object]) -> None:
    """Put keys into the database, which has none yet; `told` hears how many are in, now and then.

    Indexes are made afterwards, in one go each. The last word comes when they are there.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE_KIB}"):
            database.execute(f"PRAGMA {pragma}")
        database.execute("BEGIN IMMEDIATE")
        later = database.execute(_AFTERWARDS).fetchall()
        for kind, name, _ in later:
            database.execute(f"DROP {kind} {name}")
        done, counts = 0, Counter[str]()
        for part in _parts(keys):
            database.executemany(_KEYS, map(_key, part))
            database.executemany(_VERSIONS, map(_version, part))
            counts.update(one.environment for one in part)
            done += len(part)
            told(done)
        for sql in (*FILL, *(sql for *_, sql in later)):
            database.execute(sql)
        database.executemany(_COUNTS, counts.items())
        database.execute("COMMIT")
        database.execute("PRAGMA journal_mode = WAL")
    told(done)


def _parts(keys: Iterable[ForShow]) -> Iterator[Sequence[ForShow]]:
    remaining = iter(keys)
    while part := list(islice(remaining, AT_ONCE)):
        yield part


def _key(one: ForShow) -> tuple[object, ...]:
    return (
        one.id,
        one.name,
        one.environment,
        one.owner,
        one.scopes,
        one.created_at,
        one.created_at,
        one.prefix,
        one.last_used_at,
        one.expires_at,
    )


def _version(one: ForShow) -> tuple[object, ...]:
    return (one.id, one.created_at, one.digest, one.prefix, one.created_at, one.last_used_at)
