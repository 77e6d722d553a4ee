"""A line to a server on which one turn goes wrong: for protocols that take turns, as HTTP and Redis's do."""

from __future__ import annotations

import contextlib
import socket
import threading
from enum import Enum, auto
from typing import Final, Self

_TIMEOUT: Final = 20.0
_PIECE: Final = 64 * 1024


class Fault(Enum):
    """What becomes of a question."""

    REFUSED = auto()
    """It does not get through, and the connection is gone."""
    LOST = auto()
    """It takes effect, and the connection is gone before the answer."""
    HELD = auto()
    """It takes effect, and nothing is ever answered."""
    JUNK = auto()
    """It takes effect, and the answer is nonsense."""


NONSENSE: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n<!nonsense"
"""What no protocol here takes for an answer; of HTTP it has the form, so that the body is what is wrong."""


class FaultyLine:
    """Stands before a server. A turn begins with what a client sends after it was answered, on whatever connection."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.turns = 0
        """That have begun so far."""
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._turns_left = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def fired(self) -> bool:
        """Whether the fault that was ordered last has happened."""
        return self._fault is None

    def fail(self, fault: Fault, turn: int = 1) -> None:
        """Let the so-manyth turn from now on go wrong, and those after it well again."""
        with self._lock:
            self._fault, self._turns_left = fault, turn

    def mend(self) -> None:
        """Forget a fault that has not happened."""
        with self._lock:
            self._fault = None

    def cut_off(self) -> None:
        """End: nobody gets through any more, and the open connections are gone."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            for connection in self._open:
                _shut(connection)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_ended: object) -> None:
        self.cut_off()
        self._thread.join(_TIMEOUT)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, contextlib.suppress(ConnectionError), socket.create_connection(self._server, _TIMEOUT) as server:
            client.settimeout(_TIMEOUT)
            with self._lock:
                self._open |= {client, server}
            _Connection(self, client, server).run()
            with self._lock:
                self._open -= {client, server}

    def next_fault(self) -> Fault | None:
        """A turn begins: what becomes of it."""
        with self._lock:
            self.turns += 1
            if self._fault is None:
                return None
            self._turns_left -= 1
            if self._turns_left:
                return None
            fault, self._fault = self._fault, None
            return fault


class _Connection:
    """One client's, with the server's end of it."""

    def __init__(self, line: FaultyLine, client: socket.socket, server: socket.socket) -> None:
        self._line = line
        self._client = client
        self._server = server
        self._fault: Fault | None = None
        self._answered = threading.Event()
        self._answered.set()

    def run(self) -> None:
        answering = threading.Thread(target=self._answer, daemon=True)
        answering.start()
        with contextlib.suppress(OSError):
            while piece := self._client.recv(_PIECE):
                if self._answered.is_set():
                    self._answered.clear()
                    self._fault = self._line.next_fault()
                if self._fault is Fault.REFUSED:
                    break
                self._server.sendall(piece)
        _shut(self._server)
        _shut(self._client)
        answering.join(_TIMEOUT)

    def _answer(self) -> None:
        with contextlib.suppress(OSError):
            while piece := self._server.recv(_PIECE):
                self._answered.set()
                if self._fault is Fault.HELD:
                    continue
                if self._fault is Fault.JUNK:
                    self._client.sendall(NONSENSE)
                if self._fault is not None:
                    break
                self._client.sendall(piece)
        if self._fault is not Fault.HELD:
            _shut(self._client)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
