"""Alerts: what wants an eye now. Detectors are pure functions; a vault opens and resolves what they see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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

    @property
    def open(self) -> bool:
        return self.resolved_at is None
