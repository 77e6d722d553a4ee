"""Alerts go out: what a vault has to tell is sent where the configuration says, each alert once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from keytui.clock import Clock
from keytui.domain.alerts import Alert, Attempt, Notification
from keytui.domain.errors import Invalid, KeytuiError
from keytui.domain.references import Reference
from keytui.domain.web_addresses import checked_web_address
from keytui.targets.command import pipe_text_to_command
from keytui.vault.alert_delivery import AlertDelivery, WebhookSettings
from keytui.vault.protocol import Vault

if TYPE_CHECKING:
    from keytui.domain.secrets import Secret

Resolve = Callable[[Reference], "Secret"]
"""The secret that a reference stands for, read anew each time."""
_OF_ADDRESS: Final = 8
_MOST_FAILURES: Final = 3
"""In a row, and a place is left alone until the next look: one that does not answer holds everything else up."""


class Destination(Protocol):
    """A place that alerts go to."""

    @property
    def name(self) -> str:
        """What it is called in the vault and on a screen: no secret, and another one when it is another place."""
        ...

    def tell(self, notification: Notification, now: datetime) -> Attempt:
        """Send one alert. Does not raise for what goes wrong outside."""
        ...


@dataclass(frozen=True, slots=True)
class CommandDestination:
    """A program that reads the alert as JSON on its standard input."""

    words: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"command {self.words[0]}"

    def tell(self, notification: Notification, now: datetime) -> Attempt:
        try:
            pipe_text_to_command(self.words, message(notification, now) + "\n")
        except KeytuiError as error:
            return Attempt(error.message)
        return Attempt()


@dataclass(frozen=True, slots=True)
class WebhookDestination:
    """An address that signed messages are posted to."""

    settings: WebhookSettings
    address: str
    resolve: Resolve

    @property
    def name(self) -> str:
        """Its host, and a digest instead of the rest, which may be a secret."""
        digest = hashlib.sha256(self.address.encode()).hexdigest()
        return f"webhook {urlsplit(self.address).hostname} ({digest[:_OF_ADDRESS]})"

    def tell(self, notification: Notification, now: datetime) -> Attempt:
        from keytui.targets.webhook import post_signed  # noqa: PLC0415  # only who has a webhook needs its libraries

        try:
            secret = self.resolve(self.settings.secret)
            reply = post_signed(self.address, secret, notification.id, message(notification, now), now)
        except KeytuiError as error:
            return Attempt(error.message)
        return Attempt(reply.failure, reply.gone, reply.retry_after)


def destinations(delivery: AlertDelivery, resolve: Resolve) -> Iterator[Destination]:
    """The places that a configuration names. Invalid or Refused when a webhook's address cannot be read."""
    if delivery.command:
        yield CommandDestination(delivery.command)
    if delivery.webhook is not None:
        address = delivery.webhook.address
        read = _named_address(address, resolve) if isinstance(address, Reference) else address
        yield WebhookDestination(delivery.webhook, read, resolve)


def _named_address(reference: Reference, resolve: Resolve) -> str:
    try:
        return checked_web_address(resolve(reference).reveal())
    except Invalid as error:
        raise Invalid(f"[alerts] webhook: {reference}: {error.message}", error.hint) from None


@dataclass(frozen=True, slots=True)
class Telling:
    """One try, and how it ended."""

    notification: Notification
    attempt: Attempt


def tell_all(vault: Vault, delivery: AlertDelivery, to: Sequence[Destination], clock: Clock) -> Iterator[Telling]:
    """Send the alerts that are to be sent now, to each place in turn. No transaction is open while one is sent."""
    for destination in to:
        failures = 0
        while failures < _MOST_FAILURES:
            found = vault.claim_notification(destination.name, delivery.severities)
            if found is None:
                break
            attempt = destination.tell(found, clock())
            vault.note_attempt(found, attempt)
            failures = failures + 1 if attempt.failure else 0
            yield Telling(found, attempt)


def message(notification: Notification, now: datetime) -> str:
    """The JSON that goes out, as Standard Webhooks proposes: a type, a time, and the alert as data."""
    content = {
        "type": "alert.opened",
        "timestamp": _iso(now),
        "data": {"message_id": notification.id, **alert_data(notification.alert)},
    }
    return json.dumps(content)


def alert_data(alert: Alert) -> Mapping[str, object]:
    """An alert in JSON, the same on the command line and in what is sent."""
    signal = alert.signal
    return {
        "id": alert.id,
        "kind": signal.kind,
        "subject": signal.subject,
        "severity": signal.severity,
        "detail": signal.detail,
        "key_id": signal.key_id,
        "key": signal.key_name,
        "rotation": signal.rotation_id,
        "count": signal.count,
        "opened_at": _iso(alert.opened_at),
        "seen_at": _iso(alert.seen_at),
        "acknowledged_at": _iso(alert.acknowledged_at),
        "acknowledged_by": alert.acknowledged_by,
        "note": alert.note,
        "resolved_at": _iso(alert.resolved_at),
        "unsent": alert.unsent,
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
