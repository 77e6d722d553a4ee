"""A webhook: JSON posted over HTTPS and signed as Standard Webhooks has it (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import email.utils
import logging
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Final

import httpx
from standardwebhooks import Webhook

from keytui.deadline import Deadline
from keytui.domain.errors import Invalid, Refused, Unreachable
from keytui.domain.secrets import Secret
from keytui.targets.exchange import Patience
from keytui.targets.public_addresses import Resolver, checked_addresses, system_resolver

logging.getLogger("httpx").setLevel(logging.WARNING)  # below, it writes every address down: one may be a secret

TIMEOUT: Final = 15.0
"""Seconds for a whole exchange, from the first packet to the status line; Standard Webhooks says 15 to 30."""
LEAST_KEY_BYTES: Final = 24
"""Standard Webhooks signs with 24 to 64 bytes."""

_NO_ANSWER: Final = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError)
"""What posting raises; the last two where a name cannot be resolved or certificates cannot be read."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a webhook answered. `status` 0: nothing, and `failure` says why; no failure: it took the message."""

    status: int
    failure: str = ""
    retry_after: timedelta | None = None
    unknown: bool = False
    """Whether it may have taken the message all the same: the line went down once it was under way."""

    @property
    def gone(self) -> bool:
        """Whether it wants no more messages at all."""
        return self.status == httpx.codes.GONE


@dataclass(frozen=True, slots=True)
class Way:
    """How a message gets to its webhook. Tests bring a resolver, certificates and patience of their own."""

    allow_private: bool = False
    """Whether its address may be one that is not public."""
    resolver: Resolver = system_resolver
    certificates: ssl.SSLContext | None = None
    timeout: float = TIMEOUT


def post_signed(
    url: str,
    secret: Secret,
    message_id: str,
    body: bytes,
    *,
    now: datetime,
    way: Way = Way(),  # frozen
) -> Reply:
    """Post a message. `message_id` stays the same when it is sent again.

    Only 2xx is success: a redirect is not followed, because where it leads nobody has configured. No proxy from the
    environment is asked. The host's name is resolved once, and its checked addresses are connected to. Invalid when
    the secret cannot sign.
    """
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "keytui",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": _signer(secret).sign(message_id, now, body.decode()),
    }
    try:
        with Deadline(way.timeout) as deadline:
            return _posted(httpx.URL(url), body, headers, way=way, deadline=deadline, now=now)
    except Refused as error:
        return Reply(0, f"nothing was sent: {error.message}; {error.hint}")
    except _NO_ANSWER as error:
        unknown = isinstance(error, httpx.HTTPError) and not isinstance(
            error, httpx.ConnectError | httpx.ConnectTimeout
        )
        if deadline.passed or isinstance(error, httpx.TimeoutException | TimeoutError):
            return Reply(0, f"no whole answer within {way.timeout:g} s", unknown=unknown)
        # Its text may hold the address, which may be a secret.
        return Reply(0, f"no answer: {type(error).__name__}", unknown=unknown)


def check_reachable(url: str, secret: Secret, way: Way = Way()) -> None:  # frozen
    """Connect, and send nothing.

    Refused where nothing would be sent, Unreachable where nobody listens, and Invalid when the secret cannot sign.
    """
    _signer(secret)
    try:
        Patience(timedelta(seconds=way.timeout)).call(lambda: _connected(httpx.URL(url), way))
    except _NO_ANSWER as error:
        raise Unreachable(
            f"nobody answers there: {type(error).__name__}", "see whether the receiver runs, and its certificate"
        ) from None


def _connected(address: httpx.URL, way: Way) -> None:
    host = address.raw_host.decode("ascii")
    addresses = _ways_in(address, way, way.timeout)
    for place, one in enumerate(addresses):
        try:
            with socket.create_connection((one, _port(address)), way.timeout) as connection:
                if address.scheme == "https":
                    certificates = way.certificates or httpx.create_ssl_context(trust_env=True)
                    certificates.wrap_socket(connection, server_hostname=host).close()
        except ConnectionError:
            if place + 1 == len(addresses):
                raise
        else:
            return


def _posted(
    address: httpx.URL, body: bytes, headers: dict[str, str], *, way: Way, deadline: Deadline, now: datetime
) -> Reply:
    addresses = _ways_in(address, way, deadline.left)
    certificates = way.certificates or httpx.create_ssl_context(trust_env=True)
    with httpx.Client(verify=certificates, follow_redirects=False, trust_env=False) as client:
        for place, one in enumerate(addresses):
            request = client.build_request(
                "POST",
                address.copy_with(host=one),
                content=body,
                headers={**headers, "Host": address.netloc.decode("ascii")},
                timeout=deadline.left,
                extensions={"sni_hostname": address.raw_host.decode("ascii"), "trace": deadline.trace},
            )
            try:
                response = client.send(request, stream=True)
            except httpx.ConnectError:
                if deadline.passed or place + 1 == len(addresses):
                    raise
                continue
            response.close()
            return _reply(response, now)
    raise AssertionError("a host without an address was refused above")


def _ways_in(address: httpx.URL, way: Way, within: float) -> tuple[str, ...]:
    """The addresses that may be connected to, one at least."""
    addresses = checked_addresses(
        address.host, _port(address), way.resolver, allow_private=way.allow_private, within=within
    )
    # Plain http is for this machine alone, whatever a name server says of a name that is called so.
    if address.scheme == "http" and not all(ip_address(one).is_loopback for one in addresses):
        raise Refused("http:// leads away from this machine", "write https://")
    return addresses


def _port(address: httpx.URL) -> int:
    return address.port or (443 if address.scheme == "https" else 80)


def _reply(response: httpx.Response, now: datetime) -> Reply:
    status = response.status_code
    if 200 <= status < 300:
        return Reply(status)
    return Reply(status, _failure(status), _wanted_pause(response.headers.get("Retry-After", ""), now))


def _signer(secret: Secret) -> Webhook:
    encoded = secret.reveal().removeprefix("whsec_")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        key = b""
    if len(key) < LEAST_KEY_BYTES:
        raise Invalid(
            f"the webhook's secret is not {LEAST_KEY_BYTES} bytes or more in base64",
            "it begins with whsec_, as the receiver shows it",
        )
    return Webhook(key)


def _failure(status: int) -> str:
    if status == httpx.codes.GONE:
        return "it wants no more messages (410)"
    if 300 <= status < 400:
        return f"it leads elsewhere ({status}), and nothing is sent there"
    return f"it answered {status}"


def _wanted_pause(retry_after: str, now: datetime) -> timedelta | None:
    """`Retry-After`: seconds or a date. None for neither."""
    if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 10:
        return timedelta(seconds=int(retry_after))
    try:
        until = email.utils.parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(until - now, timedelta())
