"""A backup, made while the vault is in use."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from keytui.domain.access import Role
from keytui.domain.audit import Event
from keytui.domain.errors import Forbidden, KeytuiError, Refused, Unreachable
from keytui.domain.text import harmless
from keytui.vault.backups import Backup, Tell
from keytui.vault.local.backup.copying import copy_database, fault_in, reading
from keytui.vault.local.backup.drafts import drafted
from keytui.vault.local.database.sqlite import SqliteDatabase
from keytui.vault.local.section import Section, audited

BEGUN = "backup.begun"
"""The last entry of a backup's own log, and signed: it says what the file is."""
CREATED = "backup.created"


class BackingUp(Section):
    """As `keytui.vault.backups.BackedUp` says. It changes nothing but the log, so a read-only profile may do it too."""

    def back_up(self, path: Path, tell: Tell, *, replace: bool = False) -> Backup:
        database = self._ground.database
        if self._ground.principal.role is not Role.LOCAL:
            raise Forbidden("only the owner of the vault's files makes backups of them", "make it on the host")
        if not isinstance(database, SqliteDatabase):
            raise Refused(
                f"the vault is kept in {database.where}, which makes its own backups",
                "pg_dump --format=custom, and a copy of the directory: docs/guide/postgresql.md",
            )
        absolute = path.expanduser().absolute()
        with drafted(absolute, replace=replace) as draft:
            self._log(BEGUN, absolute)
            try:
                copy_database(database.path, draft, tell)
                last = _last_entry(draft)
            except sqlite3.Error as error:
                raise _uncopied(absolute, error) from None
            if fault := fault_in(draft):
                raise Unreachable(
                    f"the vault {database.path} is damaged: {harmless(fault)}",
                    "no backup was made of it; what to do: docs/guide/recovery.md",
                )
            made = Backup(absolute, last, draft.stat().st_size)
            self._log(CREATED, absolute, entry=str(made.entry), bytes=str(made.size))
        return made

    def _log(self, what: str, path: Path, **details: str) -> None:
        with audited(self._ground) as write:
            write.record(Event(what, details={"file": harmless(str(path)), **details}))
            if what == BEGUN and write.head is not None:
                self._ground.ledger.checkpoint(write.session, write.head, write.now)


def _last_entry(path: Path) -> int:
    with closing(reading(path)) as copy:
        (entry,) = copy.execute("SELECT max(sequence) FROM audit").fetchone()
    return int(entry)


def _uncopied(path: Path, error: sqlite3.Error) -> KeytuiError:
    full = "full" in str(error) or "disk I/O" in str(error)
    return Refused(
        f"no backup was made at {path}: {error}",
        "make room there, or name another place" if full else "see what is wrong with the vault: keytui doctor",
    )
