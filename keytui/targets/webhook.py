"""A webhook: JSON posted over HTTPS and signed as Standard Webhooks has it (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import email.utils
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
from standardwebhooks import Webhook

from keytui.domain.errors import Invalid
from keytui.domain.secrets import Secret

TIMEOUT: Final = 10.0
LEAST_KEY_BYTES: Final = 24
"""Standard Webhooks signs with 24 to 64 bytes."""

_NO_ANSWER: Final = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, ImportError)
"""What posting raises; the last three where the environment names a proxy or certificates that cannot be used."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a webhook answered. `status` 0: nothing, and `failure` says why; no failure: it took the message."""

    status: int
    failure: str = ""
    retry_after: timedelta | None = None

    @property
    def gone(self) -> bool:
        """Whether it wants no more messages at all."""
        return self.status == httpx.codes.GONE


def post_signed(
    url: str,
    secret: Secret,
    message_id: str,
    body: str,
    now: datetime,
    *,
    transport: httpx.BaseTransport | None = None,
) -> Reply:
    """Post a message. `message_id` stays the same when it is sent again; `transport` stands for the network in tests.

    Only 2xx is success: a redirect is not followed, because where it leads nobody has configured. Invalid when the
    secret cannot sign.
    """
    signature = _signer(secret).sign(message_id, now, body)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "keytui",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }
    try:
        address = httpx.URL(url)
        # Loopback is asked without a proxy: one from the environment would get the message in the clear.
        trust_env = address.scheme == "https"
        with (
            httpx.Client(transport=transport, timeout=TIMEOUT, follow_redirects=False, trust_env=trust_env) as client,
            client.stream("POST", address, content=body.encode(), headers=headers) as response,
        ):
            status, retry_after = response.status_code, response.headers.get("Retry-After", "")
    except _NO_ANSWER as error:
        return Reply(0, f"no answer: {type(error).__name__}")  # its text may hold the address, which may be a secret
    if 200 <= status < 300:
        return Reply(status)
    return Reply(status, _failure(status), _wanted_pause(retry_after, now))


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
