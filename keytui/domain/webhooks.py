"""Webhooks: what is told of, and how long it is tried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class Topic(StrEnum):
    """What a webhook can be told of."""

    ROTATION = "rotation"
    REVOCATION = "revocation"
    ALERT = "alert"
    INCIDENT = "incident"


_STEPS: Final = frozenset(
    f"rotation.{step}"
    for step in ("issued", "reissued", "delivered", "retired", "restored", "completed", "rolled-back", "abandoned")
)
_ENDS_FOR_GOOD: Final = frozenset(
    {"key.revoked", "version.revoked", "rotation.old-revoked", "rotation.completed", "rotation.rolled-back"}
)
_OF_AN_INCIDENT: Final = frozenset({"incident.opened", "incident.closed"})
ALERT_OPENED: Final = "alert.opened"
TEST: Final = "webhook.test"


def topics_of(event_type: str, *, at_once: bool = False) -> frozenset[Topic]:
    """What an entry of the log is about; `at_once`: its rotation revokes the old version as it issues the new one."""
    found = set()
    if event_type in _STEPS:
        found.add(Topic.ROTATION)
    if event_type in _ENDS_FOR_GOOD or (at_once and event_type == "rotation.issued"):
        found.add(Topic.REVOCATION)
    if event_type in _OF_AN_INCIDENT:
        found.add(Topic.INCIDENT)
    return frozenset(found)


class MessageState(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    """Tried to the end of the schedule, or the webhook said that it wants no more."""
    DROPPED = "dropped"
    """Nobody needs it any more: its alert was seen to, or its secret was revoked."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one webhook, without what it says."""

    id: int
    webhook: str
    type: str
    key_id: str
    created_at: datetime
    state: MessageState
    attempts: int
    next_at: datetime
    """When it is tried next, while it waits."""
    detail: str
    """Why it was not taken the last time."""
    plaintext: bool
    """Whether it carries a secret."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that one process has taken upon itself to send. `message_id` is the same in every try."""

    id: int
    message_id: str
    webhook: str
    type: str
    body: bytes
    nonce: bytes | None
    """Of the sealed body, when it carries a secret."""


@dataclass(frozen=True, slots=True)
class WebhookStanding:
    """What is remembered of one webhook."""

    name: str
    disabled_at: datetime | None = None
    """When it said that it wants no more messages."""
    waiting: int = 0
    failed: int = 0


CLAIMED_FOR: Final = timedelta(minutes=5)
"""How long a process may take to send; then it has died, and another takes the message up."""
KEPT: Final = timedelta(days=30)
"""How long a message that has ended is still listed."""
UNSERVED: Final = timedelta(days=7)
"""How long a secret waits for a webhook that nobody sends to any more, as one that was taken out of config.toml."""
_PAUSES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
"""Standard Webhooks' own schedule, after the try at once: three days in all."""
LONGEST_PAUSE: Final = timedelta(days=1)
"""Between two tries. What is to be tried later than that was put off by a clock that was ahead."""


def pause_after(attempts: int, asked_for: timedelta | None = None) -> timedelta | None:
    """How long to wait after so many tries that failed, at least as long as was asked for; None when that was the last.

    Nobody is waited for longer than a day, whatever was asked for.
    """
    if attempts > len(_PAUSES):
        return None
    return max(_PAUSES[attempts - 1], min(asked_for or timedelta(), LONGEST_PAUSE))
