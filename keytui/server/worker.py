"""A worker: the process that answers requests, from its first to a bounded end."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import multiprocessing.process
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Sequence
from functools import partial
from types import FrameType
from typing import Final

import uvicorn

from keytui.domain.errors import KeytuiError
from keytui.domain.text import harmless
from keytui.server.accepting import BoundedLoop
from keytui.server.idle import hang_up_on_the_idle, hang_up_on_the_slow
from keytui.server.process import ServerProcess
from keytui.server.settings import ServerSettings
from keytui.server.supervisor import STOPPING
from keytui.vault.profile import Profile

COULD_NOT_BEGIN: Final = 3
DRAIN_WITHIN: Final = 10.0
"""Seconds beyond those for the requests, in which what was counted has to reach the vault."""
_KEEP_ALIVE: Final = 30
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2, each with forward secrecy; those of 1.3 all have it."""
_SOCKETS: Final = 2
"""For each connection that is served: whoever comes beyond is told 503, if there is room to listen to him."""
_SWITCH_EVERY: Final = 0.0005
"""Seconds that a thread beside the event loop may keep it waiting for the interpreter."""

_log = logging.getLogger("keytui.server")


def work(settings: ServerSettings, profile: Profile, sockets: Sequence[socket.socket]) -> int:
    """Serve until a signal says to stop; the exit code."""
    _log_to_standard_error()
    sys.setswitchinterval(_SWITCH_EVERY)
    supervisor = multiprocessing.parent_process()
    stopped = _hear_early(supervised=supervisor is not None)
    if supervisor is not None:
        threading.Thread(target=_end_with, args=(supervisor,), daemon=True).start()
    try:
        process = ServerProcess.begin(profile, settings)
    except KeytuiError as error:
        _log.error("cannot begin: %s. %s", error.message, error.hint)
        return COULD_NOT_BEGIN
    try:
        server = _Server(_configuration(process, settings), process, supervised=supervisor is not None)
        server.should_exit = bool(stopped)
        loop = partial(BoundedLoop, _SOCKETS * settings.most_connections, settings.asked_within)
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(_serve(server, settings, sockets))
    finally:
        process.close()
    return 0


def work_and_exit(settings: ServerSettings, profile: Profile, sockets: Sequence[socket.socket]) -> None:
    """A process of its own, begun by the supervisor."""
    sys.exit(work(settings, profile, sockets))


async def _serve(server: _Server, settings: ServerSettings, sockets: Sequence[socket.socket]) -> None:
    watch = asyncio.create_task(hang_up_on_the_slow(server.server_state, settings.asked_within))
    try:
        await server.serve(sockets=list(sockets))
    finally:
        watch.cancel()


class _Server(uvicorn.Server):
    """uvicorn's, but that streams end when it stops, that the end is ours, and that it comes in any case."""

    def __init__(self, config: uvicorn.Config, process: ServerProcess, *, supervised: bool) -> None:
        super().__init__(config)
        self._process = process
        self._supervised = supervised

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal stops. A second one ends it at once; with a supervisor that is the supervisor's to say,
        because systemd sends the same signal to all processes of a service.
        """
        if self._supervised and sig == signal.SIGINT:
            return
        if self.should_exit:
            if not self._supervised:
                os._exit(128 + sig)
            return
        self.should_exit = True
        within = (self.config.timeout_graceful_shutdown or 0) + DRAIN_WITHIN
        last = threading.Timer(within, os._exit, (COULD_NOT_BEGIN,))
        last.daemon = True
        last.start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._process.events.close()
        hanging_up = asyncio.create_task(hang_up_on_the_idle(self.server_state))
        try:
            await super().shutdown(sockets)
        finally:
            hanging_up.cancel()


def _configuration(process: ServerProcess, settings: ServerSettings) -> uvicorn.Config:
    config = uvicorn.Config(
        process.app,
        http="h11",  # bounds the head of a request; what "auto" takes may not
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=settings.most_connections,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=settings.stop_within,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        ssl_ciphers=_CIPHERS,
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return config


class OneLine(logging.Formatter):
    """A record is one line, whatever stands in it: no text from outside begins another, or speaks to a terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's own name
        return harmless(super().formatMessage(record))


def _log_to_standard_error() -> None:
    to_standard_error = logging.StreamHandler(sys.stderr)
    to_standard_error.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[to_standard_error], level=logging.INFO)
    for name in ("uvicorn.error", "asyncio"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _hear_early(*, supervised: bool) -> list[int]:
    """What says to stop before the server can hear it. A terminal's ctrl+c goes to all: the supervisor passes it on."""
    heard: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN if supervised else lambda number, _: heard.append(number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    return heard


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    """Without its supervisor nobody would begin it again, or stop it."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
