"""Auto-rotation: which keys get a next version by themselves, how often, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from keytui.domain.clocks import BY_RIGHT_CLOCKS
from keytui.domain.errors import Refused
from keytui.domain.keys import Key

USER: Final = "auto-rotation"
"""Who acts in the log when a key rotates by itself: this, at the host that does it."""


def is_automatic(holder: str) -> bool:
    """Whether a rotation's holder is a run of auto-rotation, on whatever host."""
    return holder.partition("@")[0] == USER


class TurnLost(Refused):
    """Another process does this work now: whoever was held up for long must not go on with what it began."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"{holder} does this by now", "nothing is to be done: it goes on there")
        self.holder = holder


@dataclass(frozen=True, slots=True)
class Selection:
    """Which keys: one, an environment's, or all when neither is named."""

    key_id: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class AutoRotation:
    """A key that rotates by itself. `note` says why the last run did not do it; "" when it did, or before the first."""

    key: Key
    interval: timedelta
    keep_previous: bool
    """Both newest versions stay valid until the next run; otherwise the old one goes as soon as the verdict is SAFE."""
    next_at: datetime
    rotation_id: int | None = None
    """The rotation that its last run began, while that is open."""
    note: str = ""

    def put_off(self, now: datetime) -> bool:
        """Whether its next time is further away than an interval: it was set by a clock that was ahead."""
        return self.next_at - self.interval > now + BY_RIGHT_CLOCKS


@dataclass(frozen=True, slots=True)
class AutoRotationReport:
    """What switching auto-rotation did. `refused` are keys by name, each with the reason."""

    keys: tuple[AutoRotation, ...]
    refused: tuple[tuple[str, str], ...] = ()


class What(StrEnum):
    """What a run did to a key."""

    ROTATED = "rotated"
    RETIRED = "retired"
    COMPLETED = "completed"
    RESTORED = "restored"
    WAITING = "waiting"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One key of a run. `note` says why it was skipped or restored, or what it waits for."""

    key: Key
    what: What
    rotation_id: int | None = None
    note: str = ""
    elsewhere: bool = False
    """Whether it was skipped for a target that this machine has not, and another may."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run over the keys that were due. `held_by` is the process whose turn it is, when that is another."""

    outcomes: tuple[Outcome, ...] = ()
    held_by: str = ""
