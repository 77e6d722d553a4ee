"""A team's server for tests: the real one, on a free port of this machine, in a thread."""

from __future__ import annotations

import socket
import threading
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from tests.world import eventually


class Serving:
    """Serves one application on one port; it can be stopped, and started there again."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._socket = _listening(0)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to serve, on the port that was had from the first."""
        if self._socket.fileno() < 0:
            self._socket = _listening(self.port)
        config = uvicorn.Config(self._app, log_level="critical", access_log=False, lifespan="off", ws="none")
        server = self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()
        eventually(lambda: server.started)

    def stop(self, *, abruptly: bool = False) -> None:
        """End. Abruptly: whoever waits for an answer gets none."""
        if self._server is None or self._thread is None:
            return
        self._server.force_exit = abruptly
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()
        self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_ended: object) -> None:
        self.stop()
        self._socket.close()


def _listening(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(64)
    return listening
