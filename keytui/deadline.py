"""A time by which an exchange over the network is over, however slowly the other side drips."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self


class Deadline:
    """Cuts the connections of one HTTP exchange after so many seconds; what waits on them then fails at once.

    Libraries bound each read and not the sum of them. `trace` goes among a request's extensions (httpx's `trace`).
    """

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._connections: list[socket.socket] = []
        self._lock = threading.Lock()
        self.passed = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()

    @property
    def left(self) -> float:
        """Seconds; a little even at the end, so that what is given as a timeout is one."""
        return max(self._until - time.monotonic(), 0.001)

    def trace(self, event: str, info: Mapping[str, object]) -> None:
        """Take note of a connection as it is made. A copy of it: TLS takes the first one for itself."""
        if event != "connection.connect_tcp.complete":
            return
        stream = info["return_value"]
        found = stream.get_extra_info("socket") if hasattr(stream, "get_extra_info") else None
        if not isinstance(found, socket.socket):
            return
        with self._lock:
            self._connections.append(found.dup())
        if self.passed:
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            self.passed = True
            for connection in self._connections:
                with suppress(OSError):  # it has ended by itself
                    connection.shutdown(socket.SHUT_RDWR)
