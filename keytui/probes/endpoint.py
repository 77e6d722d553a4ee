"""One address on a server, asked over HTTPS: no redirect followed, no answer without an end, no secret repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import httpx

from keytui.deadline import Deadline
from keytui.domain.errors import Invalid, Refused, Unreachable
from keytui.domain.references import Resolve
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.probes.configuration import Server

MOST_BYTES: Final = 64 * 1024 * 1024
"""An answer that is longer is not taken in: it would fill the memory before it could be read."""
_SHOWN: Final = 300
"""Characters of a server's own complaint that an error repeats."""

_NO_ANSWER: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError, ImportError)
"""What asking raises; the last three where the environment names a proxy or certificates that cannot be used."""


class Endpoint:
    """A server that answers GET. `transport` stands for the network in tests."""

    def __init__(
        self,
        server: Server,
        resolve: Resolve,
        transport: httpx.BaseTransport | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._server = server
        self._resolve = resolve
        self._transport = transport
        self._most_bytes = most_bytes

    def get(self, path: str = "", parameters: Mapping[str, str] | None = None) -> bytes:
        """The answer's body; `path` is added to the address.

        Unreachable when there is none in time or the server has trouble of its own, Refused when it does not let us in
        or sends us elsewhere, Invalid when it does not understand the question or answers too much.
        """
        address, credential = self._address(path, parameters or {}), self._credential()
        deadline = Deadline(self._server.timeout.total_seconds())
        try:
            # Loopback is asked without a proxy: one from the environment would get the credential in the clear.
            with (
                deadline,
                httpx.Client(
                    transport=self._transport,
                    timeout=self._server.timeout.total_seconds(),
                    follow_redirects=False,
                    trust_env=address.scheme == "https",
                ) as client,
                client.stream(
                    "GET", address, headers=self._headers(credential), extensions={"trace": deadline.trace}
                ) as response,
            ):
                body = self._body(response)
        except _NO_ANSWER as error:
            self._in_time(deadline)
            raise Unreachable(
                f"{self._place} does not answer: {_why(error)}", "see whether it runs; ask again"
            ) from None
        self._in_time(deadline)  # a connection that was cut may look like an answer's end
        self._let_in(response.status_code, body, credential)
        return body

    @property
    def _place(self) -> str:
        """The address without its parameters."""
        return harmless(self._server.url.partition("?")[0])

    def _address(self, path: str, parameters: Mapping[str, str]) -> httpx.URL:
        try:
            address = httpx.URL(self._server.url)
            if path:
                address = address.copy_with(path=address.path.rstrip("/") + path)
            return address.copy_merge_params(dict(parameters)) if parameters else address
        except (httpx.InvalidURL, UnicodeError):
            raise Invalid(f"{self._place} is no address that can be asked", "correct the probe's url") from None

    def _credential(self) -> Secret | None:
        if self._server.credential is None:
            return None
        secret = self._resolve(self._server.credential)
        value = secret.reveal()
        if not value.isascii() or not value.isprintable() or value != value.strip():
            raise Invalid(
                f"{self._server.credential} holds what no header can carry",
                "check what it names: blanks around it count",
            )
        return secret

    def _headers(self, credential: Secret | None) -> dict[str, str]:
        headers = {"Accept": "application/json, text/plain;version=0.0.4"}
        if credential is not None:
            value = credential.reveal()
            headers[self._server.header or "Authorization"] = value if self._server.header else f"Bearer {value}"
        return headers

    def _body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > self._most_bytes:
                raise Invalid(
                    f"{self._place} answers more than {self._most_bytes // (1024 * 1024)} MiB at once",
                    "narrow what is asked for, as by a label in the selector",
                )
        return bytes(body)

    def _in_time(self, deadline: Deadline) -> None:
        """The whole timeout is for the whole exchange, so that one that drips in does not hold everything up."""
        if deadline.passed:
            raise Unreachable(f"{self._place} does not end its answer in time", "give it a longer timeout")

    def _let_in(self, status: int, body: bytes, credential: Secret | None) -> None:
        if status == httpx.codes.OK:
            return
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            ours = f"the credential {self._server.credential}" if credential else "us without a credential"
            raise Refused(f"{self._place} refuses {ours} ({status})", "renew it, or give it the right to read")
        if 300 <= status < 400:
            raise Refused(f"{self._place} sends us elsewhere ({status})", "write the address that it leads to as url")
        if status >= 500 or status == httpx.codes.TOO_MANY_REQUESTS:
            raise Unreachable(f"{self._place} has trouble of its own ({status})", "ask again later")
        if credential is not None:  # a server may say back what it was sent
            body = body.replace(credential.reveal().encode(), "…".encode())
        said = harmless(body[:_SHOWN].decode(errors="replace"))
        raise Invalid(f"{self._place} does not take the question ({status}): {said}", "correct the probe's settings")


def _why(error: Exception) -> str:
    """What went wrong on the way. Of a header that cannot be sent httpx says which one, and that may be a secret."""
    if isinstance(error, httpx.LocalProtocolError):
        return "the question cannot be sent"
    return harmless(str(error) or type(error).__name__)[:_SHOWN]
