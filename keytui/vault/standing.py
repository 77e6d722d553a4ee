"""How a vault stands: whose it is, who asks, and what wants an eye now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from keytui.domain.access import Role


class SealState(StrEnum):
    """Whether sealed values can be read."""

    UNSET = "no passphrase"
    LOCKED = "locked"
    OPEN = "unlocked"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the status line shows of a vault."""

    profile: str
    location: str
    actor: str
    role: Role
    tenant: str | None
    """None is every tenant."""
    read_only: bool
    armed_until: datetime | None
    seal: SealState
    open_rotations: int
    alerts: int
    """Open alerts, notices left out, that nobody has acknowledged: what wants an eye now."""
    approvals: int = 0
    """Requests for approval that wait for an answer which this principal may give."""
    unreconciled: bool = False
    """Whether it waits for a decision about what an older copy or a backup brought back: no change till then."""
    head_says_nothing: bool = False
    """Whether the kept head of its log is damaged: an older copy in the vault's place would not be told from it."""
    clock_off: timedelta = timedelta()
    """How far the vault's clock is behind its newest entry (less than zero), or ahead of when it was last in use."""
    seal_epoch: int = 0
    """Rises when the seal is closed or gets a new passphrase: whoever unlocked it before has to do so again."""
