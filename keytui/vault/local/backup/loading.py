"""A backup put into the place of a lost vault: checked and raised beside it, and there at once, waiting."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Final

from sqlmodel import Session

from keytui.clock import Clock, utc_now
from keytui.domain.errors import Invalid, NotFound, Refused, Unreachable
from keytui.domain.text import harmless
from keytui.text_file import flush_names
from keytui.vault.backups import Tell
from keytui.vault.local.backup.copying import copy_database, fault_in, reading
from keytui.vault.local.backup.drafts import on_disk, put_new
from keytui.vault.local.backup.state import Waiting, end_approvals
from keytui.vault.local.database import Database
from keytui.vault.local.database.sqlite import SqliteDatabase
from keytui.vault.local.database.sqlite_schema import alone
from keytui.vault.local.database.sqlite_words import in_words
from keytui.vault.local.files import DATABASE, kept_key, private_directory, private_file
from keytui.vault.local.key_files import PEPPER_FILE, require_key_files
from keytui.vault.local.ledger import KEY_FILE, Ledger
from keytui.vault.local.log_head import Head, head_of
from keytui.vault.local.schema import SCHEMA
from keytui.vault.local.tables import AuditRow
from keytui.vault.model import Checkpoint
from keytui.vault.profile import Profile
from keytui.vault.reconciling import Loaded

_STAGING: Final = ".load-"
_COMPANIONS: Final = ("-wal", "-shm", "-journal")
_WAIT_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Given:
    """What is loaded, and where."""

    file: Path
    profile: Profile
    kept: Sequence[Checkpoint]
    clock: Clock


def load_backup(profile: Profile, file: Path, kept: Sequence[Checkpoint], tell: Tell, clock: Clock = utc_now) -> Loaded:
    """Put the vault that a file holds into the profile's directory, which has its pepper and signing key already.

    It takes no change and no verifier opens it until it is reconciled. `kept` are checkpoints that know how far the
    log once reached. Refused where a vault with keys is, where a key file is missing or another one, and for a log
    that does not hold; Invalid and Unreachable for a file that is no backup, is damaged or of a newer keytui.
    """
    given = _Given(file.expanduser().absolute(), profile, kept, clock)
    directory = profile.directory
    _refuse_elsewhere(profile)
    if not given.file.is_file():
        raise NotFound(f"there is no file {given.file}", "name a backup")
    private_directory(directory)
    with alone(directory / "vault.lock"), written_in(directory), in_words(directory / DATABASE):
        _refuse_taken(directory)
        ledger, pepper = _key_files(directory)
        with staging(directory) as beside:
            _copy(given.file, beside / DATABASE, tell)
            loaded, head = _raised(given, beside, ledger, pepper)
            _put(beside / DATABASE, directory / DATABASE)
        flush_names(directory)
        with suppress(Unreachable):  # else reconciling does it
            ledger.remember(head, anew=True)  # not before it is there: until then the kept head says what was lost
    return loaded


@contextmanager
def written_in(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unreachable(
            f"{directory} cannot be written: {error.strerror}", "nothing was put there: see who owns it, and make room"
        ) from None


def _refuse_elsewhere(profile: Profile) -> None:
    if profile.server is not None:
        raise Invalid(f"the vault of profile {profile.name} is a server's", "load it there, where its files are")
    if profile.database:
        raise Refused(
            f"the vault of profile {profile.name} is kept in PostgreSQL, which restores its own backups",
            "pg_restore: docs/guide/postgresql.md",
        )


def _refuse_taken(directory: Path) -> None:
    path = directory / DATABASE
    if not path.exists():
        left = [path.name + end for end in _COMPANIONS if path.with_name(path.name + end).exists()]
        if left:
            raise Refused(
                f"{directory} has no {path.name}, but {' and '.join(left)} of the one that was there",
                "move them to where it was moved: SQLite would write them into the one that is loaded",
            )
        return
    try:
        with closing(reading(path)) as database:
            keys = _count(database, "keys") + _count(database, "operators")
    except sqlite3.Error as error:
        raise Refused(f"{path} is there already, and cannot be read: {error}", _move(path)) from None
    if keys:
        raise Refused(f"{path} is there already, and is not empty", _move(path))


def _count(database: sqlite3.Connection, table: str) -> int:
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
        return 0
    return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608  # our own word


def _move(path: Path) -> str:
    return f"load it into another profile, or move {path} away first, with {path.name}-wal and -shm"


def _key_files(directory: Path) -> tuple[Ledger, bytes]:
    for name in (PEPPER_FILE, KEY_FILE):
        if not (directory / name).exists():
            raise Refused(
                f"{directory} has no {name}, and no backup holds it",
                f"copy {PEPPER_FILE} and {KEY_FILE} of the vault that was backed up to there, at 0600",
            )
    return Ledger(directory, token_bytes), kept_key(directory / PEPPER_FILE, token_bytes)


@contextmanager
def staging(directory: Path) -> Iterator[Path]:
    """A directory of our own beside the vault's place, and nothing of it after that; those of the dead go too."""
    for left in directory.glob(f"{_STAGING}*"):
        shutil.rmtree(left)
    staging = directory / f"{_STAGING}{token_hex(8)}"
    staging.mkdir(mode=0o700)
    try:
        yield staging
    finally:
        shutil.rmtree(staging)


def _copy(file: Path, copy: Path, tell: Tell) -> None:
    """The vault in the file, whole and of a schema that is known; the file itself is only read."""
    private_file(copy)
    try:
        copy_database(file, copy, tell)
    except sqlite3.Error as error:
        if "not a database" in str(error):
            raise Invalid(f"{file} is no backup of a vault", "name one that `keytui backup create` made") from None
        raise Unreachable(f"{file} cannot be copied: {error}", "see whether it is whole and the disk full") from None
    if fault := fault_in(copy):
        raise Unreachable(f"{file} is damaged: {harmless(fault)}", "take another backup")
    try:
        with closing(reading(copy)) as database:
            (revision,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
            (entries,) = database.execute("SELECT count(*) FROM audit").fetchone()
    except (sqlite3.Error, TypeError):
        revision = entries = ""
    if not entries or not str(revision).isdecimal():
        raise Invalid(f"{file} is no backup of a vault", "name one that `keytui backup create` made")
    if int(revision) > int(SCHEMA.head):
        raise Unreachable(
            f"{file} was made by a newer keytui (its schema is {revision}, this one knows {SCHEMA.head})",
            "upgrade keytui on this machine; nothing was touched",
        )


def _raised(given: _Given, staging: Path, ledger: Ledger, pepper: bytes) -> tuple[Loaded, Head]:
    """Raise the copy to today's schema, see that it is what it claims to be, and write into its log what it is."""
    with closing(sqlite3.connect(staging / DATABASE)) as copy:
        copy.execute("PRAGMA journal_mode = WAL")  # a backup has none, so that it is one file
    database = SqliteDatabase.open(staging)
    try:
        _require_its_key_files(database, given, ledger, pepper)
        with database.writing() as session:
            loaded, head = _logged(session, given, ledger)
    finally:
        database.close()
    if (staging / f"{DATABASE}-wal").exists():
        raise Unreachable(f"{given.profile.directory} cannot be written", "see whether the disk is full")
    on_disk(staging / DATABASE)
    return loaded, head


def _require_its_key_files(database: Database, given: _Given, ledger: Ledger, pepper: bytes) -> None:
    try:
        require_key_files(database, pepper, given.profile.directory, ledger)
    except Unreachable as error:
        raise Refused(
            error.message.replace(database.where, str(given.file)),
            f"bring {PEPPER_FILE} and {KEY_FILE} of the vault that was backed up, at 0600",
        ) from None


def _logged(session: Session, given: _Given, ledger: Ledger) -> tuple[Loaded, Head]:
    now, end = given.clock(), head_of(session)
    for one in given.kept:
        if not ledger.has_signed(one):
            raise Invalid(f"checkpoint {one.sequence} is signed with another key than this vault's", "name one of its")
    check = ledger.verify(session, [one for one in given.kept if one.sequence <= end.sequence], to_the_end=False)
    if check.broken_at is not None:
        raise Refused(f"the log in {given.file} does not hold: {check.detail}", "take another backup")
    beyond = ledger.kept_beyond(session)
    known = [one.sequence for one in given.kept if one.sequence > end.sequence]
    known += [beyond.sequence] if beyond is not None else []
    ended = session.get_one(AuditRow, end.sequence)
    loaded = Loaded(str(given.file), now, end.sequence, ended.at, end.hash, max(known, default=None))
    end_approvals(session, now)
    waiting = Waiting(loaded, end.sequence, beyond)
    head = ledger.append(session, now, str(given.profile.actor), waiting.event, None, after=end)
    ledger.checkpoint(session, head, now)
    return loaded, head


def _put(whole: Path, path: Path) -> None:
    if not path.exists():
        put_new(whole, path)
        return
    try:  # an empty vault: out of use, so that nothing of it is beside the new one
        with closing(sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)) as empty:
            empty.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error:
        raise Refused(f"another process has {path} open", "end it, then load again") from None
    whole.replace(path)
