"""Alerts go out to a command: what a vault has to tell is piped where the configuration says, each alert once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from keytui.clock import Clock
from keytui.command import pipe_text_to_command
from keytui.domain.alerts import Attempt, Notification
from keytui.domain.errors import KeytuiError
from keytui.vault.alert_delivery import AlertDelivery
from keytui.vault.alert_message import alert_message
from keytui.vault.protocol import Vault

_MOST_FAILURES: Final = 3
"""In a row, and it is left alone until the next look: one that does not end holds everything else up."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One try, and how it ended."""

    notification: Notification
    attempt: Attempt


def tell_all(vault: Vault, delivery: AlertDelivery, clock: Clock) -> Iterator[Telling]:
    """Pipe the alerts that are to be told now to the command. No transaction is open while one is told."""
    failures = 0
    while delivery.command and failures < _MOST_FAILURES:
        found = vault.claim_notification(f"command {delivery.command[0]}", delivery.severities)
        if found is None:
            return
        attempt = _tell(delivery, found, clock)
        vault.note_attempt(found, attempt)
        failures = failures + 1 if attempt.failure else 0
        yield Telling(found, attempt)


def _tell(delivery: AlertDelivery, notification: Notification, clock: Clock) -> Attempt:
    try:
        text = alert_message(notification.id, notification.alert, clock())
        pipe_text_to_command(delivery.command, text + "\n")
    except KeytuiError as error:
        return Attempt(error.message)
    return Attempt()
