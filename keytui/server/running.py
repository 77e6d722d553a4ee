"""From settings to a server that runs: its socket, its workers, and what is said when it begins."""

from __future__ import annotations

import os
import resource
import socket
import ssl
from functools import partial
from typing import Final

from keytui.domain.errors import Invalid, Unreachable
from keytui.private_file import passing_directory
from keytui.server.metrics_directory import METRICS_DIRECTORY
from keytui.server.settings import ServerSettings
from keytui.vault.profile import Profile

_BACKLOG: Final = 2_048
_DESCRIPTORS: Final = 65_536


def bind(settings: ServerSettings) -> socket.socket:
    """The listening socket. Refused with the reason when the place is taken or not ours."""
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        listening = socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Unreachable(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}",
            "see who listens there (ss -ltnp), or name another --port",
        ) from None
    # asyncio does it for sockets that were made with their protocol's number, and these are not. Without it the body
    # of an answer waits until the client has acknowledged the head, which takes it 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    return listening


def check_certificate(settings: ServerSettings) -> None:
    """Invalid when the certificate and its key are none, or do not belong together."""
    if settings.tls_cert is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise Invalid(
            f"{settings.tls_cert} and {settings.tls_key} cannot be used: {error.strerror or type(error).__name__}",
            "name a certificate in PEM, with its chain, and the key that belongs to it",
        ) from None


def run(settings: ServerSettings, profile: Profile, listening: socket.socket) -> int:
    """Serve until a signal says to stop; the exit code."""
    _raise_descriptor_limit()
    with passing_directory("keytui-metrics-") as directory:
        os.environ[METRICS_DIRECTORY] = directory  # prometheus_client reads it as it is imported
        from keytui.server.supervisor import Supervisor, new_worker  # noqa: PLC0415  # as above
        from keytui.server.worker import DRAIN_WITHIN, work, work_and_exit  # noqa: PLC0415

        if settings.workers == 1:
            return work(settings, profile, [listening])
        within = settings.stop_within + DRAIN_WITHIN + 1
        begin = partial(new_worker, work_and_exit, settings, profile, [listening])
        return Supervisor(settings.workers, begin, within).run()


def _raise_descriptor_limit() -> None:
    """A connection is a descriptor, and the usual 1,024 are fewer than the consoles of a company."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if most == resource.RLIM_INFINITY else min(_DESCRIPTORS, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
