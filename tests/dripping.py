"""A real server that takes a connection and never ends its answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import create_server, socket


@contextmanager
def dripping(send: Callable[[socket], None]) -> Iterator[int]:
    """The server's port. It sends as it is told, again and again, until the other side leaves."""
    taken: list[socket] = []
    with create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            taken.append(connection)
            try:
                while True:
                    send(connection)
            except OSError:
                pass  # the other side has had enough

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive(), "the connection was left open"
        for connection in taken:
            connection.close()
