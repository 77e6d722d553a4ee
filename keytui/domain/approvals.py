"""Approvals: a sensitive key needs a second operator before it is created, rotated, revealed or revoked.

Whoever was refused asks again once somebody else has approved; an approval is used up by that one act.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from keytui.domain.access import Operation
from keytui.domain.clocks import BY_RIGHT_CLOCKS

LASTS: Final = timedelta(hours=24)
"""How long a request waits for an answer, and an approved one to be used."""


def latest_expiry(now: datetime) -> datetime:
    """What expires later was asked for by a clock that was ahead: it would be good for as long as that was wrong."""
    return now + LASTS + BY_RIGHT_CLOCKS


class ApprovalState(StrEnum):
    """Where a request for approval stands."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Approval:
    """One request: who wants to do what with which key. A key that is to be created has no id yet."""

    id: int
    operation: Operation
    key_id: str
    key_name: str
    environment: str
    tenant: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    state: ApprovalState
    decided_by: str = ""
    decided_at: datetime | None = None
    note: str = ""
    what: str = ""
    """What exactly is asked for, in words; an approval is good for that and nothing else."""
