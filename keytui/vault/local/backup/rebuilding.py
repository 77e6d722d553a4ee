"""A vault whose indexes are damaged, made anew from its tables: beside it, and in its place at once.

The damaged file is only read. It stays beside the new one until somebody removes it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from secrets import token_bytes
from typing import Final

from keytui.clock import Clock, utc_now
from keytui.domain.audit import Event
from keytui.domain.errors import Invalid, NotFound, Refused, Unreachable
from keytui.text_file import flush_names
from keytui.vault.local.backup.copying import fault_in
from keytui.vault.local.backup.drafts import on_disk
from keytui.vault.local.backup.loading import staging, written_in
from keytui.vault.local.database.sqlite import SqliteDatabase
from keytui.vault.local.database.sqlite_schema import alone
from keytui.vault.local.database.sqlite_words import in_words, require_file
from keytui.vault.local.files import DATABASE
from keytui.vault.local.ledger import Ledger
from keytui.vault.local.log_head import Head, head_of
from keytui.vault.local.schema import SCHEMA, Schema
from keytui.vault.profile import Profile

REBUILT: Final = "vault.rebuilt"
_WAIT_SECONDS: Final = 1.0
WORDS: Final = "key_word"
"""What the index of the parts of words, and all that belongs to it, is called: the triggers of `keys` fill it."""
_LOAD: Final = "move it away, with its -wal and -shm, then load a backup: keytui backup load FILE"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of a vault that was rebuilt."""

    path: Path
    kept: Path
    """Where the file of before is."""
    rows: int
    """How many were taken over, of all tables."""


def rebuild(profile: Profile, clock: Clock = utc_now) -> Rebuilt:
    """Make the vault's file anew from its tables. No other process may have it open.

    Refused, with nothing changed, where a table itself is damaged, where the log does not hold, and while another
    process has the vault open; Invalid for a vault whose file is not here.
    """
    _require_here(profile)
    path = profile.directory / DATABASE
    if not path.exists():
        raise NotFound(f"there is no {path}", "load a backup: keytui backup load FILE")
    require_file(path)
    directory = path.parent
    with (
        alone(directory / "vault.lock"),
        written_in(directory),
        staging(directory) as beside,
        in_words(path),
        _held(path) as damaged,
    ):
        fresh = beside / DATABASE
        _make(fresh, _revision(damaged, path))
        rows = _fill(damaged, fresh, path)
        head = _signed(profile, beside, rows, clock)
        kept = _put(fresh, path)
    with suppress(Unreachable):  # the next change writes it
        Ledger(profile.directory, token_bytes).remember(head)
    return Rebuilt(path, kept, rows)


def _require_here(profile: Profile) -> None:
    if profile.server is not None:
        raise Invalid(f"the vault of profile {profile.name} is a server's", "rebuild it there, where its file is")
    if profile.database:
        raise Invalid(f"the vault of profile {profile.name} is kept in PostgreSQL", "REINDEX DATABASE there")


@contextmanager
def _held(path: Path) -> Iterator[sqlite3.Connection]:
    """The file, out of everybody else's use, without a log beside it. It is given back as it was unless replaced.

    It is locked to the end, not for one transaction: what somebody wrote into it after it was read would be lost.
    """
    before = path.stat().st_ino
    with closing(sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)) as damaged:
        if not _locked(damaged):
            raise Refused(f"another process has {path} open", "end it, then rebuild again")
        try:
            yield damaged
        finally:
            if path.stat().st_ino == before:
                damaged.execute("PRAGMA main.locking_mode = NORMAL")
                damaged.execute("SELECT count(*) FROM sqlite_master").fetchone()  # lets go of the lock
                damaged.execute("PRAGMA journal_mode = WAL")


def _locked(damaged: sqlite3.Connection) -> bool:
    try:
        damaged.execute("PRAGMA journal_mode = DELETE").fetchone()
        damaged.execute("PRAGMA main.locking_mode = EXCLUSIVE")
        damaged.execute("BEGIN EXCLUSIVE")
        damaged.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        return False
    return bool(damaged.execute("PRAGMA journal_mode").fetchone() == ("delete",))  # nobody came in between


def _put(fresh: Path, path: Path) -> Path:
    """What was made, in the place of the damaged file; where that is now. Nothing is left where the disk refuses."""
    kept = _keep(path)
    try:
        fresh.replace(path)
    except OSError:
        kept.unlink()
        raise
    flush_names(path.parent)
    return kept


def _keep(path: Path) -> Path:
    """Give the damaged file a second name. Those of earlier rebuilds stay."""
    names = (path.with_name(f"{path.stem}.before-rebuild-{number}.backup") for number in count(1))
    kept = next(name for name in names if not name.exists())
    kept.hardlink_to(path)
    return kept


def _revision(damaged: sqlite3.Connection, path: Path) -> str:
    found = damaged.execute("SELECT version_num FROM alembic_version").fetchone()
    if found is None or not str(found[0]).isdecimal():
        raise Refused(f"{path} does not say which schema it has", _LOAD)
    if int(found[0]) > int(SCHEMA.head):
        raise Unreachable(f"{path} was written by a newer keytui", "upgrade keytui on this machine")
    return str(found[0])


def _make(fresh: Path, revision: str) -> None:
    """An empty vault of that schema, as one file."""
    SqliteDatabase.open(fresh.parent, Schema(revision, SCHEMA.scripts)).close()
    with closing(sqlite3.connect(fresh, isolation_level=None)) as empty:
        empty.execute("PRAGMA journal_mode = DELETE")


def _fill(damaged: sqlite3.Connection, fresh: Path, path: Path) -> int:
    """Every row of every table, found without an index; how many there were."""
    damaged.execute("ATTACH ? AS fresh", (str(fresh),))
    damaged.execute("BEGIN IMMEDIATE")
    rows = 0
    for table in _tables(damaged):
        columns = ", ".join(f'"{name}"' for (name,) in _columns(damaged, table))
        try:
            damaged.execute(f'DELETE FROM fresh."{table}"')  # noqa: S608  # a name out of our own schema
            rows += damaged.execute(
                f'INSERT INTO fresh."{table}" ({columns}) SELECT {columns} FROM main."{table}" NOT INDEXED'  # noqa: S608
            ).rowcount
        except sqlite3.DatabaseError as error:
            damaged.execute("ROLLBACK")
            raise Refused(f"{path} cannot be rebuilt: its table {table} is damaged ({error})", _LOAD) from None
    damaged.execute("COMMIT")
    damaged.execute("DETACH fresh")
    return rows


def _tables(damaged: sqlite3.Connection) -> list[str]:
    """Those of the new file, `sqlite_sequence` last: numbers that were given out are never given out again."""
    found = damaged.execute(
        "SELECT name FROM fresh.sqlite_master WHERE type = 'table' AND name NOT LIKE ? || '%' ORDER BY rowid", (WORDS,)
    )
    return sorted((str(name) for (name,) in found), key=lambda name: name == "sqlite_sequence")


def _columns(damaged: sqlite3.Connection, table: str) -> list[tuple[str]]:
    return damaged.execute("SELECT name FROM pragma_table_info(?, 'fresh')", (table,)).fetchall()


def _signed(profile: Profile, beside: Path, rows: int, clock: Clock) -> Head:
    """See that what was made is whole and that its log holds to its end, and write into it that it was made anew."""
    if fault := fault_in(beside / DATABASE):
        raise Refused(f"what was rebuilt is not whole: {fault}", _LOAD)
    with closing(sqlite3.connect(beside / DATABASE)) as fresh:
        fresh.execute("PRAGMA journal_mode = WAL")
    ledger = Ledger(profile.directory, token_bytes)
    database = SqliteDatabase.open(beside)
    try:
        with database.writing() as session:
            check = ledger.verify(session)
            if check.broken_at is not None:
                raise Refused(f"the log in what was rebuilt does not hold: {check.detail}", _LOAD)
            now, event = clock(), Event(REBUILT, details={"rows": str(rows)})
            head = ledger.append(session, now, str(profile.actor), event, None, after=head_of(session))
            ledger.checkpoint(session, head, now)
    finally:
        database.close()
    if (beside / f"{DATABASE}-wal").exists():
        raise Unreachable(f"{profile.directory} cannot be written", "see whether the disk is full")
    on_disk(beside / DATABASE)
    return head
