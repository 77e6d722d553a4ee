"""One connection to a Redis server: over in bounded time, sent once, and never repeating what was sent.

The library's client would ask again after a lost answer, and its errors quote commands, whose names and arguments
hold secrets here. So its connection is used, and its errors end in this module.
"""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol, TypeAlias, cast

from redis import exceptions
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection

from keytui.domain.errors import KeytuiError, OutcomeUnknown, Refused, Unreachable
from keytui.domain.references import Reference, Resolve
from keytui.redis_address import RedisAddress

Command: TypeAlias = Sequence[bytes | str | int]
Answer: TypeAlias = "bytes | int | list[Answer] | None"

_SAID_NO: Final = (exceptions.ResponseError, exceptions.AuthenticationError, exceptions.BusyLoadingError)
"""The server answered, and has done nothing."""
_FAILURES: Final = (exceptions.RedisError, OSError, ValueError, TypeError, RecursionError)
"""What an exchange raises; the last three for an answer that is no Redis server's."""
_WHY: Final[Sequence[tuple[type[Exception], str, str]]] = (
    (exceptions.NoPermissionError, "does not permit this user what is needed", "give it the commands and the keys"),
    (exceptions.AuthenticationError, "does not know us", "check the user's name and what its password names"),
    (exceptions.ReadOnlyError, "is a replica and takes no change", "name the primary"),
    (exceptions.ExecAbortError, "has discarded the change", "see whether its user may carry out transactions"),
    (exceptions.OutOfMemoryError, "has no memory left for a change", "give it more, and try again"),
)


@dataclass(frozen=True, slots=True)
class RedisServer:
    """Where a Redis server listens, and who we are there."""

    address: RedisAddress
    username: Reference | None = None
    password: Reference | None = None
    authorities: str = ""
    """A file of certificates that sign the server's; "" for the system's own."""
    timeout: timedelta = timedelta(seconds=10)
    """For everything that is done over one connection together."""


class _Connection(Protocol):
    """What is used of the library's connection, which has no types of its own. It sends nothing twice."""

    def connect(self) -> None: ...
    def on_connect(self) -> None: ...
    def disconnect(self) -> None: ...
    def pack_commands(self, commands: Sequence[Command]) -> list[bytes]: ...
    def send_packed_command(self, command: list[bytes], check_health: bool) -> None: ...
    def read_response(self) -> Answer: ...


_Opens: TypeAlias = Callable[..., _Connection]
_ON_A_SOCKET: Final = cast(_Opens, UnixDomainSocketConnection)
_IN_THE_CLEAR: Final = cast(_Opens, Connection)
_ENCRYPTED: Final = cast(_Opens, SSLConnection)


@dataclass(slots=True)
class Line:
    """What can be asked over one connection. Raises Unreachable, Refused or, once a change was sent, OutcomeUnknown."""

    place: str
    connection: _Connection = field(repr=False)
    sent: bool = False
    """Whether a change is under way: a line that goes down now leaves nobody who knows its outcome."""
    changed: bool = False
    """Whether one was made: nothing that fails from now on may read as if it had not."""

    def ask(self, *commands: Command) -> list[Answer]:
        """The answers to commands, all sent at once. What would change something goes through `change`."""
        failure: KeytuiError
        try:
            self.connection.send_packed_command(self.connection.pack_commands(commands), check_health=False)
            return [self.connection.read_response() for _ in commands]
        except _FAILURES as error:
            failure = self.failed(error)
        raise failure  # out here, where the library's error is no context of it

    def change(self, *commands: Command) -> bool:
        """Carry out commands as one transaction; False when what was watched has changed, and nothing was done."""
        self.ask(("MULTI",))  # by itself: a user who may not begin one would carry out the commands one by one
        self.sent = True
        outcome = self.ask(*commands, ("EXEC",))[-1]
        self.sent, self.changed = False, outcome is not None
        if isinstance(outcome, list) and any(isinstance(one, Exception) for one in outcome):
            raise OutcomeUnknown(f"{self.place} took only a part of a change", "look what stands there")
        return self.changed

    def failed(self, error: Exception) -> KeytuiError:
        """What an error of the library means, in words that hold nothing of it."""
        said_no = isinstance(error, _SAID_NO)
        if self.changed or (self.sent and not said_no):
            return OutcomeUnknown(
                f"{self.place}: the line went down under a change", "look what stands there before doing it again"
            )
        if not said_no:
            return Unreachable(f"{self.place} does not answer: {_kind(error)}", "see whether it runs; ask again")
        for kind, what, way_out in _WHY:
            if isinstance(error, kind):
                return Refused(f"{self.place} {what}", way_out)
        if isinstance(error, exceptions.BusyLoadingError):
            return Unreachable(f"{self.place} is still loading its data", "ask again later")
        return Refused(f"{self.place} refuses: {_code(error)}", "see in its log or with redis-cli what it objects to")


@contextmanager
def open_line(server: RedisServer, resolve: Resolve) -> Iterator[Line]:
    """A line that is cut when its time is over."""
    cutter = _Cutter(server.timeout.total_seconds())
    connection = _connection(server, resolve, cutter)
    line = Line(str(server.address), connection)
    try:
        _connect(line)
        yield line
    finally:
        cutter.stop()
        connection.disconnect()


def _connect(line: Line) -> None:
    failure: KeytuiError
    try:
        line.connection.connect()
        return
    except _FAILURES as error:
        failure = line.failed(error)
    raise failure


def _connection(server: RedisServer, resolve: Resolve, cutter: _Cutter) -> _Connection:
    """One that nothing was sent over yet."""
    address, seconds = server.address, server.timeout.total_seconds()

    def entered(connection: _Connection) -> None:
        cutter.watch(connection)
        connection.on_connect()

    options: dict[str, object] = {
        "db": address.database,
        "username": _credential(server.username, resolve),
        "password": _credential(server.password, resolve),
        "socket_timeout": seconds,
        "redis_connect_func": entered,
        "protocol": 2,
    }
    if address.path:
        return _ON_A_SOCKET(path=address.path, **options)
    options |= {"host": address.host, "port": address.port, "socket_connect_timeout": seconds}
    if not address.encrypted:
        return _IN_THE_CLEAR(**options)
    return _ENCRYPTED(ssl_ca_certs=server.authorities or None, **options)


def _credential(reference: Reference | None, resolve: Resolve) -> str | None:
    return None if reference is None else resolve(reference).reveal()


class _Cutter:
    """Ends a connection after so many seconds, however slowly its other side drips: what waits on it fails at once."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._watched: socket.socket | None = None
        self._timer.start()

    def watch(self, connection: _Connection) -> None:
        """A descriptor of its own for the same connection, which stays valid whatever the library does."""
        found = getattr(connection, "_sock", None)
        if isinstance(found, socket.socket):
            self._watched = socket.socket(fileno=os.dup(found.fileno()))

    def stop(self) -> None:
        self._timer.cancel()
        if self._watched is not None:
            self._watched.close()

    def _cut(self) -> None:
        if self._watched is not None:
            with suppress(OSError):  # it has ended by itself
                self._watched.shutdown(socket.SHUT_RDWR)


def _kind(error: Exception) -> str:
    """What kind of failure it is. The library's words may hold what was sent."""
    if isinstance(error, exceptions.TimeoutError):
        return "not in time"
    if isinstance(error, exceptions.ConnectionError | OSError):
        return "no connection, or one that ended"
    return "what it says is no answer of a Redis server"


def _code(error: Exception) -> str:
    """The first word of what the server said, as WRONGTYPE; the rest may hold what was sent."""
    code = str(error).partition(" ")[0]
    return code if re.fullmatch(r"[A-Z]{2,20}", code) else "an error"
