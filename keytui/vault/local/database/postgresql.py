"""A vault in PostgreSQL, which several servers share.

A reader's transaction sees one moment (REPEATABLE READ, READ ONLY). Writers follow one another: each takes one advisory
lock before it reads anything, and lets go of it as its transaction ends, however it ends. Within a process they queue
before that, so that those who wait hold no connection.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final, Self, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlmodel import Session

from keytui.domain.errors import Invalid, Unreachable
from keytui.domain.references import parse_reference
from keytui.vault.local.database import Database
from keytui.vault.local.database.postgresql_words import HungUp, in_words, locked, was_cancelled
from keytui.vault.local.database.writers import LOOK_EVERY, PATIENCE, Writers
from keytui.vault.local.files import private_directory
from keytui.vault.local.log_head import HEAD_FILE
from keytui.vault.local.schema import SCHEMA, Schema, revision_in
from keytui.vault.references import resolve
from keytui.vault.wanted import Wanted

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy.pool import ConnectionPoolEntry

_SCHEMES: Final = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
_FORM: Final = "postgresql://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full"
_KEPT_OPEN: Final = 5
_MOST_CONNECTIONS: Final = 15
"""Of one process: writers need one, and readers are done in milliseconds; PostgreSQL has 100 for all by default."""
_WAIT_SECONDS: Final = 30
_OPTIONS: Final = (
    f"-c lock_timeout={_WAIT_SECONDS}s -c statement_timeout={2 * _WAIT_SECONDS}s"
    # A process that hangs while it is the writer would stop everybody's writing.
    f" -c idle_in_transaction_session_timeout={2 * _WAIT_SECONDS}s"
)
_CONNECTING: Final[dict[str, str | int]] = {
    "connect_timeout": 5,
    "application_name": "keytui",
    # A line that died in silence is noticed in seconds.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
_WRITERS: Final = 1_801_812_340
"""Our advisory locks among those that others may take in the same database; a vault's is the one of its schema."""


@dataclass(frozen=True, slots=True, eq=False)
class _Asking:
    """One wait for other processes' changes. The next may be on the same connection, and is another."""

    connection: psycopg.Connection


class PostgresqlDatabase(Database):
    """One vault's database."""

    def __init__(self, where: str, engine: Engine) -> None:
        writers = Writers(where, partial(locked, where))
        super().__init__(
            where,
            engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True),
            engine.execution_options(isolation_level="READ COMMITTED", writing=True),
            writers,
        )
        self._breaking = Lock()
        """Held while a connection is told to wait no more, so that none of it reaches its next user."""
        self._asking: _Asking | None = None
        """Who waits for other processes' changes, and has to wait no more when the vault is closed."""
        event.listen(self._writer, "begin", self._become_the_writer)

    @classmethod
    def open(cls, url: URL, directory: Path, schema: Schema = SCHEMA) -> Self:
        """The database, whose vault's other files are in `directory`. It has to be of this `schema` already."""
        private_directory(directory)
        where, engine = place_of(url), engine_of(url)
        try:
            with in_words(where), engine.connect() as connection:
                revision = revision_in(connection, where, schema)
            _refuse_another_schema(where, revision, schema, directory)
        except BaseException:
            engine.dispose()
            raise
        return cls(where, engine)

    @contextmanager
    def writing(self, patience: float = PATIENCE) -> Iterator[Session]:
        committing = False
        try:
            with super().writing(patience) as session:
                yield session
                session.flush()
                committing = True
        except HungUp as error:
            raise self._unanswered() if committing else error from None

    def _unanswered(self) -> Unreachable:
        """Of a COMMIT. Who asks again under the same key or request is told what became of it."""
        return Unreachable(
            f"the line to the vault {self.where} was lost as the change was made: nobody knows whether it was",
            "see with `keytui audit` before you do it again",
        )

    def give_up_waiting(self) -> None:
        super().give_up_waiting()
        with self._breaking:
            asking = self._asking
        if asking is not None:
            Thread(target=self._break_off, args=(asking,), daemon=True).start()

    def _break_off(self, asking: _Asking) -> None:
        """Again until it is heard: what was not sent yet cannot be broken off."""
        while True:
            with self._breaking:
                if self._asking is not asking:
                    return
                asking.connection.cancel()
            time.sleep(LOOK_EVERY)

    def _become_the_writer(self, connection: Connection) -> None:
        """Nothing is read before the lock is held: each later statement sees what the writer before has left."""
        driver = cast("psycopg.Connection", connection.connection.driver_connection)
        with self._breaking:
            self._asking = None if self._writers.closing else _Asking(driver)
        try:
            left = self._writers.patience_left()
            if left < _WAIT_SECONDS - LOOK_EVERY:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(left * 1000, 1):.0f}")  # 0 were for ever
            self._writers.ask_others(partial(take_writers_lock, connection))
        except OperationalError as error:
            if self._writers.closing and was_cancelled(error):
                raise locked(self.where) from None
            raise
        finally:
            with self._breaking:
                self._asking = None

    def close(self) -> None:
        """Whoever still reads brings its connection back to a pool that nobody uses any more: it ends there."""
        pool = self._reader.pool
        super().close()
        event.listen(pool, "checkin", _end)
        pool.dispose()

    @contextmanager
    def _broken_off(self, session: Session, wanted: Wanted) -> Iterator[None]:
        """The server is asked over a connection of its own, which takes its time: in a thread, and waited for.

        The connection is not used again. Its next user could be a writer, and be the one that is broken off.
        """
        driver = cast("psycopg.Connection", session.connection().connection.driver_connection)
        breaking = Thread(target=driver.cancel, daemon=True)
        try:
            with wanted.stopping(breaking.start):
                yield
        finally:
            if breaking.ident is not None:
                breaking.join()
                session.invalidate()

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        with in_words(self.where):
            yield


def url_of(reference: str) -> URL:
    """The URL that stands there. Invalid when it is none of a PostgreSQL database; nothing of it is repeated."""
    place = parse_reference(reference)
    try:
        url = make_url(resolve(place, os.environ).reveal())
        known = url.drivername in _SCHEMES
    except (ArgumentError, ValueError):
        known = False
    if not known:
        raise Invalid(f"what {place} gives is not the URL of a PostgreSQL database", f"write it as {_FORM}") from None
    return url.set(drivername="postgresql+psycopg")


def place_of(url: URL) -> str:
    """Where the database is, for messages: nothing of who comes in, and how."""
    host = url.host or url.query.get("host") or "localhost"
    host = host if isinstance(host, str) else ",".join(host)
    return f"postgresql://{host}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def engine_of(url: URL) -> Engine:
    """Connections to the database, tried before each use: one that went away and came back is found again."""
    options = url.query.get("options", "")
    theirs = options if isinstance(options, str) else " ".join(options)
    ours = {name: value for name, value in _CONNECTING.items() if name not in url.query}
    try:
        engine = create_engine(
            url,
            pool_pre_ping=True,
            pool_size=_KEPT_OPEN,
            max_overflow=_MOST_CONNECTIONS - _KEPT_OPEN,
            pool_timeout=_WAIT_SECONDS,
            hide_parameters=True,
            connect_args=ours | {"options": f"{_OPTIONS} {theirs}".strip()},
        )
    except ModuleNotFoundError:
        raise Invalid(
            "a vault on PostgreSQL needs psycopg, which is not installed", "pip install 'keytui[postgres]'"
        ) from None
    event.listen(engine, "connect", _read_whole_numbers)
    return engine


def take_writers_lock(connection: Connection) -> bool:
    """Become the only writer of the vault, until the transaction ends: True, or an error once it took too long."""
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s, hashtext(current_schema()))", (_WRITERS,))
    return True


def _read_whole_numbers(connection: psycopg.Connection, _entry: ConnectionPoolEntry) -> None:
    """PostgreSQL adds up whole numbers to a numeric, and a vault holds no others."""
    from psycopg.types.numeric import IntLoader  # noqa: PLC0415  # an extra

    connection.adapters.register_loader("numeric", IntLoader)


def _end(connection: psycopg.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.close()


def _refuse_another_schema(where: str, revision: str | None, schema: Schema, directory: Path) -> None:
    if revision is None:
        refuse_to_begin_anew(where, directory)
        raise Unreachable(f"{where} holds no vault yet", "make it, once for all servers: keytui migrate")
    if revision != schema.head:
        raise Unreachable(
            f"{where} has schema {revision}, and this keytui works with {schema.head}",
            "back it up, then raise it, once for all servers: keytui migrate",
        )


def refuse_to_begin_anew(where: str, directory: Path) -> None:
    """A new vault under the keys of a lost one would answer for it."""
    if (directory / HEAD_FILE).exists():
        raise Unreachable(
            f"{where} is empty: this vault's other files are in {directory}, and its database is not there",
            f"restore it from a backup, or mend the URL; to begin anew, move {directory} away",
        )
