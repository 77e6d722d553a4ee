"""Alerts: what wants an eye now. Detectors are pure functions; a vault opens and resolves what they see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class AlertKind(StrEnum):
    """What an alert is about."""

    REFUSAL_BURST = "refusal-burst"
    PATTERN_CHANGED = "pattern-changed"
    NEW_CALLER = "new-caller"
    DEAD_VERSION_USED = "dead-version-used"
    UNUSED = "unused"
    OLD_VERSION_NEAR_END = "old-version-near-end"
    ROTATION_DUE = "rotation-due"
    EXPIRING = "expiring"
    REFUSALS_AFTER_RETIREMENT = "refusals-after-retirement"
    LEAK = "leak"
    NOT_BACK = "not-back"
    AUTO_ROTATION = "auto-rotation"
    DRIFT = "drift"


class Severity(StrEnum):
    """How soon an eye is wanted."""

    CRITICAL = "critical"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Signal:
    """What a detector sees. The same `kind` and `subject` seen again is the same alert, still going on."""

    kind: AlertKind
    subject: str
    """What it is about, the same every time it is seen: an address, a key's id, a rotation's number and a caller."""
    severity: Severity
    detail: str
    """One sentence with its numbers; names from outside are in it as they came."""
    key_id: str = ""
    key_name: str = ""
    rotation_id: int | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Alert:
    """A signal that was noted. Open until it is not seen any more; then it has resolved by itself."""

    id: int
    signal: Signal
    opened_at: datetime
    seen_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    note: str = ""
    resolved_at: datetime | None = None
    unsent: str = ""
    """Why it could not be sent where it should go, while it is still tried; empty when nothing is wrong."""

    @property
    def open(self) -> bool:
        return self.resolved_at is None


HOLD: Final[Mapping[AlertKind, timedelta]] = {
    AlertKind.REFUSAL_BURST: timedelta(minutes=15),
    AlertKind.DEAD_VERSION_USED: timedelta(minutes=30),
    AlertKind.REFUSALS_AFTER_RETIREMENT: timedelta(minutes=15),
    AlertKind.NOT_BACK: timedelta(minutes=15),
}
"""How long what comes and goes must be unseen before its alert resolves. What is a plain state resolves at once."""
SAME_AGAIN: Final = timedelta(hours=1)
"""What is seen again this soon after its alert resolved is the same alert, and is not told again."""
SHOWN_RESOLVED: Final = timedelta(days=30)
"""How long a resolved alert is still listed."""


@dataclass(frozen=True, slots=True)
class Notification:
    """An alert that one destination has yet to be told of. `id` is the same in every try, and no other's anywhere."""

    id: str
    destination: str
    alert: Alert


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one try to tell a destination ended: well, when there is no failure."""

    failure: str = ""


CLAIMED_FOR: Final = timedelta(minutes=5)
"""How long a process may take to send; then it has died, and another takes the alert up."""
TOLD_RESOLVED: Final = timedelta(days=1)
"""How long an alert that has resolved is still told, where nobody could be told before."""
_FIRST_PAUSE: Final = timedelta(minutes=1)
_LONGEST_PAUSE: Final = timedelta(hours=6)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many tries that failed: four times longer each time."""
    pause: timedelta = min(_FIRST_PAUSE * 4 ** min(attempts - 1, 5), _LONGEST_PAUSE)
    return pause


def hold_of(kind: AlertKind) -> timedelta:
    """How long a kind must be unseen before its alert resolves."""
    return HOLD.get(kind, timedelta())
