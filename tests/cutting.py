"""A line that breaks where a test says: it stands between a client and a server, and counts the bytes of answers."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Final, Self

_PIECE: Final = 4096
_TIMEOUT: Final = 30.0


class CuttingLine:
    """Passes everything on, but for the next connections that it was told to cut."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.told = 0
        """Bytes of answers that came through since the last cut was ordered."""
        self._cuts: list[tuple[int | None, int | None]] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def cut(self, *, asked: int | None = None, answered: int | None = None, times: int = 1) -> None:
        """Cut the next connections: after so many bytes of what is asked, or of what is answered. Now the open ones."""
        with self._lock:
            self._cuts = [(asked, answered)] * times
            self.told = 0
            for connection in tuple(self._open):
                _shut(connection)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_ended: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut(times=0)
        self._thread.join(_TIMEOUT)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            with self._lock:
                asked, answered = self._cuts.pop(0) if self._cuts else (None, None)
            threading.Thread(target=self._pass_on, args=(client, asked, answered), daemon=True).start()

    def _pass_on(self, client: socket.socket, asked: int | None, answered: int | None) -> None:
        with client, contextlib.suppress(ConnectionError), socket.create_connection(self._server, _TIMEOUT) as server:
            with self._lock:
                self._open |= {client, server}
            asking = threading.Thread(target=self._pump, args=(client, server, asked, False), daemon=True)
            asking.start()
            self._pump(server, client, answered, True)
            asking.join(_TIMEOUT)
            with self._lock:
                self._open -= {client, server}

    def _pump(self, source: socket.socket, drain: socket.socket, most: int | None, count: bool) -> None:
        """Until one side ends, or as many bytes as were allowed have gone through; then both sides are cut."""
        source.settimeout(_TIMEOUT)
        passed = 0
        with contextlib.suppress(OSError):
            while most is None or passed < most:
                piece = source.recv(_PIECE if most is None else min(_PIECE, most - passed))
                if not piece:
                    break
                passed += len(piece)
                if count:  # before it is passed on: who has heard a whole answer may ask at once how long it was
                    with self._lock:
                        self.told += len(piece)
                drain.sendall(piece)
        _shut(source)
        _shut(drain)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
