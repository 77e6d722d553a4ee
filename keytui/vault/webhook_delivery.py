"""Messages go out: what the outbox holds is posted to its webhooks. A server does it always, cron for a local vault."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from keytui.clock import Clock
from keytui.domain.errors import Invalid, KeytuiError
from keytui.domain.references import Reference, Resolve
from keytui.domain.web_addresses import checked_web_address
from keytui.domain.webhooks import TEST, Outgoing
from keytui.targets.webhook import Reply, Way, post_signed
from keytui.vault.alert_message import iso
from keytui.vault.sealed_bodies import open_body, place_of
from keytui.vault.webhook_settings import Webhook

_AT_ONCE: Final = 8
"""Webhooks that are told at the same time: one that is slow does not hold the others up."""
_MOST_FAILURES: Final = 3
"""In a row, and a webhook is left alone until the next run."""
_MOST_MESSAGES: Final = 100
"""To one webhook in one run."""


class Outbox(Protocol):
    """Where messages wait; a local vault is one."""

    def claim_message(self, webhook: str) -> Outgoing | None: ...

    def note_message(
        self, message: Outgoing, failure: str = "", *, gone: bool = False, retry_after: timedelta | None = None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """One try: of which message to which webhook, and what went wrong; nothing did when `failure` is empty."""

    message: int
    webhook: str
    type: str
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Posting:
    """How webhooks are reached: whose secrets, what time it is, and in tests which network."""

    resolve: Resolve
    clock: Clock
    way: Way = Way()  # noqa: RUF009  # frozen

    def post(self, webhook: Webhook, message_id: str, body: bytes, nonce: bytes | None = None) -> Reply:
        """One message. A secret or address that cannot be read is a failure as any other."""
        try:
            secret = self.resolve(webhook.secret)
            address = self._address(webhook)
            if nonce is not None:
                body = open_body(body, nonce, secret, place_of(message_id, webhook.name))
            way = Way(webhook.allow_private, self.way.resolver, self.way.certificates, self.way.timeout)
            return post_signed(address, secret, message_id, body, now=self.clock(), way=way)
        except KeytuiError as error:
            return Reply(0, error.message)

    def _address(self, webhook: Webhook) -> str:
        if not isinstance(webhook.address, Reference):
            return webhook.address
        try:
            return checked_web_address(self.resolve(webhook.address).reveal())
        except Invalid as error:
            raise Invalid(f"its url {webhook.address}: {error.message}", error.hint) from None


def deliver_due(outbox: Outbox, webhooks: Sequence[Webhook], posting: Posting) -> tuple[Sent, ...]:
    """Post every message that is to be sent now, to several webhooks at a time. No transaction is open meanwhile."""
    if not webhooks:
        return ()
    with ThreadPoolExecutor(min(len(webhooks), _AT_ONCE), thread_name_prefix="webhook") as threads:
        tried = threads.map(lambda webhook: tuple(_told(outbox, webhook, posting)), webhooks)
        return tuple(sent for each in tried for sent in each)


def post_test(webhook: Webhook, message_id: str, posting: Posting) -> Reply:
    """A message that says nothing, now and once, whatever the outbox holds."""
    body = f'{{"type": "{TEST}", "timestamp": "{iso(posting.clock())}", "data": {{}}}}'
    return posting.post(webhook, message_id, body.encode())


def _told(outbox: Outbox, webhook: Webhook, posting: Posting) -> Iterator[Sent]:
    failures = 0
    for _ in range(_MOST_MESSAGES):
        message = outbox.claim_message(webhook.name)
        if message is None:
            return
        reply = posting.post(webhook, message.message_id, message.body, message.nonce)
        outbox.note_message(message, reply.failure, gone=reply.gone, retry_after=reply.retry_after)
        yield Sent(message.id, webhook.name, message.type, reply.failure)
        failures = failures + 1 if reply.failure else 0
        if failures == _MOST_FAILURES or reply.retry_after is not None:
            return
