"""How connections begin: only so many are open at once, and a TLS handshake is bounded in time.

uvicorn counts a connection, and looks after it, from the end of its handshake on.
"""

from __future__ import annotations

import asyncio
import os
import socket
from asyncio.base_events import Server
from collections.abc import Callable
from ssl import SSLContext
from weakref import WeakSet

from keytui.server.idle import LAST_PART_WITHIN


class BoundedLoop(asyncio.SelectorEventLoop):
    """asyncio's own; but its servers have `most` sockets open at once, and handshakes of `within` seconds."""

    def __init__(self, most: int, within: float) -> None:
        super().__init__()
        self._most = most
        self._within = within

    async def create_server(  # type: ignore[override]  # for a socket alone, as we have uvicorn ask for it
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        *,
        sock: socket.socket,
        ssl: SSLContext | None,
        backlog: int,
    ) -> Server:
        """uvicorn names no bounds of its own."""
        return await super().create_server(
            protocol_factory,
            sock=_Listening(sock, self._most),
            ssl=ssl,
            backlog=backlog,
            ssl_handshake_timeout=None if ssl is None else self._within,
            ssl_shutdown_timeout=None if ssl is None else LAST_PART_WITHIN,
        )


class _Listening(socket.socket):
    """A listening socket that lets go at once of whoever connects beyond the most that are open."""

    def __init__(self, listening: socket.socket, most: int) -> None:
        super().__init__(listening.family, listening.type, listening.proto, os.dup(listening.fileno()))
        self._most = most
        self._open: WeakSet[socket.socket] = WeakSet()

    def accept(self) -> tuple[socket.socket, object]:
        """As any socket's. To asyncio a ConnectionAbortedError is a client that went away before."""
        connection, address = super().accept()
        if len(self._open) >= self._most:
            self._open = WeakSet(each for each in self._open if each.fileno() >= 0)
        if len(self._open) >= self._most:
            connection.close()
            raise ConnectionAbortedError("too many connections are open")
        self._open.add(connection)
        return connection, address
