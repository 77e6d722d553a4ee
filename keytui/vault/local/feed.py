"""What verifiers ask of a local vault, and where their usage goes. Its own connection to the same database."""

from __future__ import annotations

import os
import secrets
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from sqlalchemy import ColumnElement, tuple_
from sqlmodel import Session, col, select

from keytui.clock import Clock, utc_now
from keytui.domain.errors import Forbidden, Unreachable
from keytui.domain.keys import BUILTIN
from keytui.domain.retention import Retention
from keytui.domain.usage import Flush
from keytui.vault.local.backup.state import reconciled_since, refuse_unreconciled
from keytui.vault.local.clock_leaps import time_to_delete_by
from keytui.vault.local.database import Database
from keytui.vault.local.database.opening import open_database
from keytui.vault.local.files import kept_key
from keytui.vault.local.key_files import PEPPER_FILE, beyond_here, refuse_lost, require_key_files
from keytui.vault.local.keys.credentials import credentials
from keytui.vault.local.ledger import position
from keytui.vault.local.tables import AcknowledgementRow, AuditRow, KeyRow, RecorderRow
from keytui.vault.local.usage.believing import believed
from keytui.vault.local.usage.buckets import one_of
from keytui.vault.local.usage.gaps import gaps, set_back, still_wrong
from keytui.vault.local.usage.recording import RECORDERS, count_uses, note_pulse
from keytui.vault.local.usage.retaining import roll_up
from keytui.vault.local.usage.routes import count_routes
from keytui.vault.profile import Profile
from keytui.verify.source import CredentialChanges, CredentialSet

POLL_EVERY: Final = 0.1
"""Seconds between looks at the change feed: one lookup in an index."""
SILENT_FOR: Final = timedelta(seconds=30)
"""A verifier that could not reach its vault for so long has refused everything, so that its callers did not show."""
FLUSH_PATIENCE: Final = 5.0
"""Seconds that a flush waits for another writer: it is kept, and comes again, and a service that ends waits for it."""
AGE_EVERY: Final = timedelta(minutes=1)
KEYS_AT_ONCE: Final = 250
"""Keys that are read in one go for somebody who wants them all: a tenth of a second that others may have to wait."""
AGED_AT_ONCE: Final = 2_000
"""Rows: some hundredths of a second that a flush may have to wait."""

_OURS: Final = (col(KeyRow.issuer) == BUILTIN,)
"""What another issuer accepts, our verifiers do not."""


class LocalFeed:
    """Source and Sink of the verifiers on this machine. A read-only profile takes usage too: it is not a change."""

    def __init__(
        self,
        database: Database,
        directory: Path,
        pepper: bytes,
        clock: Clock,
        silent_for: timedelta,
        *,
        retention: Retention,
    ) -> None:
        self._database = database
        self._directory = directory
        self._reading = threading.Lock()
        self._writing = threading.Lock()
        self._pepper = pepper
        self._clock = clock
        self._silent_for = silent_for
        self._retention = retention
        self._aged_at: datetime | None = None
        _FEEDS.add(self)

    @classmethod
    def open(
        cls,
        profile: Profile,
        clock: Clock = utc_now,
        silent_for: timedelta = SILENT_FOR,
        retention: Retention = Retention(),  # noqa: B008  # frozen
    ) -> Self:
        """The feed of the profile's vault, made on first use. Unreachable when it cannot be read, and Unreconciled
        for one that came from a backup or is an older copy of itself: nobody knows yet whom it may let in.

        `silent_for` is how far apart two flushes of a recorder may be before the time between them is a gap.
        """
        database = open_database(profile)
        try:
            refuse_lost(database, profile.directory, PEPPER_FILE)
            pepper = kept_key(profile.directory / PEPPER_FILE, secrets.token_bytes)
            require_key_files(database, pepper, profile.directory)
            feed = cls(database, profile.directory, pepper, clock, silent_for, retention=retention)
            with database.reading() as session:
                feed._refuse_unreconciled(session)
        except BaseException:
            database.close()
            raise
        return feed

    def give_up_waiting(self) -> None:
        """It is about to be closed: no flush waits for another process any more, and the last for a moment only."""
        self._database.give_up_waiting()

    def close(self) -> None:
        self._database.close()

    def before_fork(self) -> None:
        """SQLite's state does not survive a fork: nothing may be under way, and no connection open."""
        self._writing.acquire()
        self._reading.acquire()
        self._database.close()

    def after_fork(self) -> None:
        """Go on, in the parent and in the child, each with connections of its own."""
        self._reading.release()
        self._writing.release()

    def credentials(self) -> CredentialSet:
        with self._reading, self._database.reading() as session:
            self._refuse_unreconciled(session)
            return CredentialSet(position(session), credentials(session, *_OURS), self._pepper)

    def credentials_of(self, key_ids: Sequence[str]) -> CredentialSet:
        """Those of some keys, for a verifier that is asked about no others."""
        with self._reading, self._database.reading() as session:
            found = credentials(session, *_OURS, one_of(KeyRow.id, key_ids))
            return CredentialSet(position(session), found, self._pepper)

    def credentials_in_parts(self, tenant: str | None) -> Iterator[CredentialChanges]:
        """All that verifiers of a tenant's keys must know, or of all keys, in parts: others are served in between.

        One part comes in any case. The position is that before the first: what changed since may be in a part already.
        """
        with self._reading, self._database.reading() as session:
            self._refuse_unreconciled(session)
            began = position(session)
        last: tuple[str, str] | None = None
        while True:
            with self._reading, self._database.reading() as session:
                part = select(KeyRow.name, KeyRow.id).where(*_of(tenant), *_beyond(last))
                keys = session.exec(part.order_by(col(KeyRow.name), col(KeyRow.id)).limit(KEYS_AT_ONCE)).all()
                key_ids = tuple(key_id for _, key_id in keys)
                found = credentials(session, *_OURS, col(KeyRow.id).in_(key_ids))
            yield CredentialChanges(began, key_ids, found)
            if len(keys) < KEYS_AT_ONCE:
                return
            last = keys[-1]

    def credential_changes(self, after: int, timeout: float, tenant: str | None = None) -> CredentialChanges:
        """With a `tenant`, of its keys alone."""
        deadline = time.monotonic() + timeout
        while self._position() == after:
            left = deadline - time.monotonic()
            if left <= 0:
                return CredentialChanges(after, (), ())
            time.sleep(min(left, POLL_EVERY))
        with self._reading, self._database.reading() as session:
            self._refuse_unreconciled(session)
            if reconciled_since(session, after):
                return CredentialChanges(0, (), ())
            # Told apart here: for a DISTINCT, SQLite goes through the whole log by its index of keys.
            moved = select(AuditRow.key_id).where(AuditRow.sequence > after, AuditRow.key_id != "")
            found = credentials(session, *_OURS, col(KeyRow.id).in_(moved), *_of(tenant))
            told = session.exec(moved) if tenant is None else [each.key.id for each in found]
            return CredentialChanges(position(session), tuple(dict.fromkeys(told)), found)

    def register(self, recorder: str, name: str, host: str, pid: int, tenant: str | None = None) -> None:
        """With a `tenant`, it knows that one's keys only."""
        now = self._clock()
        row = RecorderRow(id=recorder, name=name, host=host, pid=pid, tenant=tenant, started_at=now, last_flush_at=now)
        with self._writing, self._database.writing() as session:
            known = session.get(RecorderRow, recorder)
            if known is not None:
                _require_name(known, name)
                return
            told = select(RecorderRow.last_flush_at).where(RecorderRow.host == host, RecorderRow.tenant == tenant)
            newest = session.exec(told.order_by(col(RecorderRow.last_flush_at).desc()).limit(1)).first()
            if newest is not None and newest - now > self._silent_for:
                session.add(set_back(row, newest))
            session.add(row)

    def record(self, flush: Flush, name: str = "", tenant: str | None = None) -> None:
        """With a `name`, the recorder is elsewhere: it has to be called so, and is believed what can be."""
        with self._writing, self._database.writing(FLUSH_PATIENCE) as session:
            now = self._clock()
            if name:
                flush = believed(flush, position(session), now, 2 * self._silent_for)
            row = session.get(RecorderRow, flush.recorder) or _forgotten(session, flush, name, tenant)
            if name:
                _require_name(row, name)
            if flush.sequence <= row.sequence:
                return
            session.add_all(gaps(row, flush, self._silent_for, now))
            if abs(now - flush.at) > self._silent_for:
                still_wrong(session, row, flush, now)
            _acknowledge(session, row, flush)
            row.sequence = flush.sequence
            row.last_flush_at = flush.at
            row.dropped += flush.dropped
            row.ended_at = flush.at if flush.closing else None
            session.flush()
            count_uses(session, flush.uses, recorder=row.name, addresses=self._retention.addresses)
            count_routes(session, flush.routes, RECORDERS)
            note_pulse(session, row.id, flush.at, flush.uses)
        with suppress(Unreachable):  # what was told is counted; usage ages a minute later
            self._let_age()

    def _let_age(self) -> None:
        """In small portions beside the flushes, so that usage ages where no console ever runs."""
        now = self._clock()
        with self._writing:
            if self._aged_at is not None and timedelta() <= now - self._aged_at < AGE_EVERY:
                return
            self._aged_at = now
            with self._database.writing(FLUSH_PATIENCE) as session:
                by = time_to_delete_by(session, now)
                if roll_up(session, self._retention, by, AGED_AT_ONCE) == AGED_AT_ONCE:
                    self._aged_at = None  # there is more

    def _refuse_unreconciled(self, session: Session) -> None:
        """An older copy may be put in the vault's place under a service: asked first, wherever it is read anew."""
        refuse_unreconciled(session, beyond_here(session, self._directory))

    def _position(self) -> int:
        with self._reading, self._database.reading() as session:
            return position(session)


_FEEDS: Final[weakref.WeakSet[LocalFeed]] = weakref.WeakSet()


def _before_fork() -> None:
    for feed in _FEEDS:
        feed.before_fork()


def _after_fork() -> None:
    for feed in _FEEDS:
        feed.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


def _of(tenant: str | None) -> tuple[ColumnElement[bool], ...]:
    return () if tenant is None else (col(KeyRow.tenant) == tenant,)


def _beyond(last: tuple[str, str] | None) -> tuple[ColumnElement[bool], ...]:
    """The keys after one, by name and id, as the indexes have them."""
    return () if last is None else (tuple_(col(KeyRow.name), col(KeyRow.id)) > last,)


def _require_name(row: RecorderRow, name: str) -> None:
    if row.name != name:
        raise Forbidden("another recorder has that id", "register with a new random one")


def _forgotten(session: Session, flush: Flush, name: str, tenant: str | None) -> RecorderRow:
    """A recorder that this copy of the vault does not know, because it was restored: the missing flushes will show."""
    row = RecorderRow(
        id=flush.recorder,
        name=name or flush.recorder,
        host="",
        pid=0,
        tenant=tenant,
        started_at=flush.at,
        last_flush_at=flush.at,
    )
    session.add(row)
    return row


def _acknowledge(session: Session, row: RecorderRow, flush: Flush) -> None:
    if flush.acknowledged > row.acknowledged:
        row.acknowledged = flush.acknowledged
        row.acknowledged_at = flush.at
        session.add(AcknowledgementRow(recorder=row.id, position=flush.acknowledged, at=flush.at))
