"""One request and its answer over HTTP: bounded in time and size, and clear about whether it can have arrived."""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from email.message import Message
from functools import partial
from importlib.metadata import version
from typing import Final

import httpcore
import httpx

from keytui.domain.errors import Invalid, Unreachable
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless, quoted
from keytui.vault.team_server import TeamServer
from keytui.vault.wanted import Wanted

MOST_BYTES: Final = 256 * 1024 * 1024
"""Of an answer. The largest are what probes recognise keys by: some 200 bytes a version."""
_LIMITS: Final = httpx.Limits(max_connections=32, max_keepalive_connections=8, keepalive_expiry=20.0)
"""A connection is let go before the server closes it (30 s), so that a request rarely meets a closed one."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds."""

    connect: float = 5.0
    silence: float = 15.0
    """Until the next piece of an answer comes."""
    answer: float = 60.0
    """Until the answer is whole."""
    unknown: float = 20.0
    """How long a change is asked about whose answer was lost."""
    pause: float = 0.25
    """Before it is asked about; doubled each time."""
    heartbeat: float = 25.0
    """How long an event stream may be silent: the server gives a sign of life every 15."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. `wait`: how many seconds the server may take for it beyond those that any answer has."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)
    wait: float = 0.0
    wanted: Wanted | None = field(default=None, repr=False, compare=False)
    """What is not wanted any more takes nothing of the line: an answer that comes is not read to its end."""

    def digest(self) -> str:
        """The same for the same request, and nothing of what is in it."""
        asked = (self.method.encode(), self.path.encode(), repr(self.query).encode(), self.body or b"")
        return hashlib.sha256(b"\n".join(asked)).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read whole."""

    status: int
    media_type: str
    body: bytes
    retry_after: str = ""


class NotSent(Unreachable):
    """The request cannot have arrived."""


class Dropped(Unreachable):
    """The request may have arrived; its answer has not."""


class Silent(Dropped):
    """No answer came in time. To ask once more would take as long again."""


class Exchange:
    """The connections to one server. Safe to share between threads."""

    def __init__(self, server: TeamServer, patience: Patience) -> None:
        self._server = server
        self._patience = patience
        self.closed = False
        self._streaming: httpx.Response | None = None
        self._client = _client(server)

    def events(self, request: Request, token: Secret) -> Iterator[bytes]:
        """The data of each event of a stream (text/event-stream), as it comes. NotSent or Dropped at its end."""
        sent = self._built(request, token, {"Accept": "text/event-stream"}, self._patience.heartbeat)
        try:
            response = self._client.send(sent, stream=True)
            try:
                self._streaming = response
                self._require_open(response)
                if response.status_code != httpx.codes.OK or _media_type(response) != "text/event-stream":
                    raise NotSent(f"{self._server.host} has no event stream for us", "it is asked instead")
                for line in response.iter_lines():
                    if line.startswith("data:"):
                        yield line.removeprefix("data:").encode()
            finally:
                response.close()
        except (httpx.HTTPError, httpx.StreamError, RuntimeError) as error:
            raise self._failure(error) from None
        raise Dropped(f"{self._server.host} has ended its event stream", "it is asked again")

    def ask(self, request: Request, token: Secret, headers: Mapping[str, str], silence: float | None = None) -> Answer:
        """NotSent or Dropped when there is no whole answer. `silence` takes the place of the patience's own."""
        wait = (self._patience.silence if silence is None else silence) + request.wait
        until = time.monotonic() + self._patience.answer + request.wait
        sent = self._built(request, token, headers, wait)
        try:
            response = self._client.send(sent, stream=True)
            try:
                self._require_open(response)
                with nullcontext() if request.wanted is None else request.wanted.stopping(partial(_hang_up, response)):
                    body = _whole_body(response, until)
                return Answer(
                    response.status_code, _media_type(response), body, response.headers.get("Retry-After", "")
                )
            finally:
                response.close()
        except (httpx.HTTPError, httpx.StreamError, RuntimeError) as error:
            raise self._failure(error) from None

    def close(self) -> None:
        """Let go of every connection; whoever waits for an answer gets none."""
        self.closed = True
        if self._streaming is not None:
            _hang_up(self._streaming)
        self._client.close()

    def _require_open(self, response: httpx.Response) -> None:
        """A connection that was being made when the others were let go of belongs to nobody, and would stay."""
        if self.closed:
            _hang_up(response)
            raise httpx.ReadError("the vault is closed")

    def _built(self, request: Request, token: Secret, headers: Mapping[str, str], silence: float) -> httpx.Request:
        content_type = {} if request.body is None else {"Content-Type": "application/json"}
        return self._client.build_request(
            request.method,
            self._server.url + request.path,
            params=request.query,
            content=request.body,
            headers={"Authorization": f"Bearer {token.reveal()}", **content_type, **headers},
            timeout=httpx.Timeout(silence, connect=self._patience.connect),
        )

    def _failure(self, error: Exception) -> Unreachable:
        host = self._server.host
        if self.closed:
            return Dropped("the vault is closed", "open it again")
        if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
            return NotSent(f"{host} does not answer", "check the address, and the way to it")
        if isinstance(error, httpx.ConnectError):
            if certificate := _certificate_fault(error):
                return NotSent(
                    f"the certificate of {host} cannot be trusted: {certificate}",
                    "check the address; a team's own authority is named by `certificates` in the profile",
                )
            return NotSent(f"{host} cannot be reached: {_reason(error)}", "check the address, and whether it runs")
        if isinstance(error, httpx.ProxyError | httpx.UnsupportedProtocol):
            return NotSent(f"{host} cannot be reached: {_reason(error)}", "check HTTPS_PROXY in the environment")
        if isinstance(error, httpx.TimeoutException):
            return Silent(f"{host} has not answered in time", "look whether it is overloaded, or the line is bad")
        return Dropped(f"the line to {host} went down", "look whether it runs, and try again")


def _client(server: TeamServer) -> httpx.Client:
    trusted = _trusted(server)
    _refuse_unfit(server)
    try:
        return httpx.Client(
            verify=trusted,
            follow_redirects=False,
            limits=_LIMITS,
            # Loopback is asked without a proxy: one from the environment would get the token in the clear.
            trust_env=server.encrypted,
            headers={"User-Agent": f"keytui/{version('keytui')}", "Accept-Encoding": "identity"},
        )
    except (OSError, ValueError, ImportError):
        raise Unreachable(
            "the environment names a proxy or certificates that cannot be used",
            "look at HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR",
        ) from None


def _refuse_unfit(server: TeamServer) -> None:
    """Invalid for a host that no name service could know."""
    try:
        httpx.URL(server.url).host.encode("idna")
    except (httpx.InvalidURL, ValueError):
        raise Invalid(f"{quoted(server.host)} is the name of no server", "check it in the profile") from None


def _hang_up(response: httpx.Response) -> None:
    """Wake the thread that waits for the next event: closing a socket does not."""
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("socket") if isinstance(stream, httpcore.NetworkStream) else None
    if isinstance(connection, socket.socket):
        with suppress(OSError):  # it has ended by itself
            connection.shutdown(socket.SHUT_RDWR)


def _whole_body(response: httpx.Response, until: float) -> bytes:
    pieces, size = [], 0
    for piece in response.iter_bytes():
        pieces.append(piece)
        size += len(piece)
        if size > MOST_BYTES:
            raise Dropped("the server's answer is larger than any should be", "ask for less at once")
        if time.monotonic() > until:
            raise httpx.ReadTimeout("the answer trickles in")
    return b"".join(pieces)


def _media_type(response: httpx.Response) -> str:
    header = Message()
    header["Content-Type"] = response.headers.get("Content-Type", "")
    return header.get_content_type()


def _trusted(server: TeamServer) -> ssl.SSLContext | bool:
    """A certificate is always checked: against the system's authorities, or against those of the profile alone."""
    if not server.certificates:
        return True
    try:
        return ssl.create_default_context(cafile=server.certificates)
    except (OSError, ssl.SSLError) as error:
        raise Invalid(
            f"{server.certificates} cannot be used: {error.strerror or 'it holds no certificate'}",
            "`certificates` names a PEM file that you may read",
        ) from None


def _certificate_fault(error: Exception) -> str:
    """What speaks against the server's certificate; empty when it is not that."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return harmless(cause.verify_message)
        cause = cause.__cause__ or cause.__context__
    return ""


def _reason(error: Exception) -> str:
    return harmless(str(error))[:200] or type(error).__name__
