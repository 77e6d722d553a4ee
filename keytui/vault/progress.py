"""What happens at a key's targets, told as it happens, and how things stand after that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum, auto

from keytui.domain.errors import Refused


class What(StrEnum):
    """One thing that happens at one target."""

    BEGINS = "begins"
    PROVEN = "proven"
    """It holds the version: it was read back."""
    SENT = "sent"
    """It took the version, and nobody can read what it holds."""
    HAS_IT = "has it"
    """It had the version already, and was not asked again."""
    FAILED = "failed"
    """It has not got the version."""
    UNKNOWN = "unknown"
    """It may have got the version, or not."""
    SKIPPED = "skipped"
    """It was left out, as the operator said."""
    PUT_BACK = "put back"
    """It holds again what it held before."""
    NOT_BACK = "not put back"
    """It may still hold the version."""
    LEFT_ALONE = "left alone"
    """It holds neither version, so nothing was put back."""
    SETTLED = "settled"
    """It carries the former secret no longer."""
    NOT_SETTLED = "not settled"
    """It may still carry the former secret, which is refused everywhere."""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened. `said` is what the target said, harmless and without a secret; `hint` the way out."""

    target: str
    what: What
    version: int
    at: datetime
    said: str = ""
    hint: str = ""


Tell = Callable[[Told], None]


def tell_nobody(_told: Told) -> None:
    """For whoever wants the outcome alone."""


class Holds(Enum):
    """Whether a target has the new version."""

    YES = auto()
    NO = auto()
    MAYBE = auto()


@dataclass(frozen=True, slots=True)
class Stands:
    """How one target of a key stands, as far as the vault was told."""

    target: str
    holds: Holds
    skipped: bool = False
    said: str = ""


class Choice(StrEnum):
    """What an operator may do about a target that failed."""

    RETRY = "retry"
    SKIP = "skip"
    ROLL_BACK = "roll back"
    LATER = "later"


class Undelivered(Refused):
    """One target did not take the secret, or could not say so; those after it were not asked.

    `stands` says of every target of the key what it has, in order.
    """

    def __init__(self, message: str, hint: str, target: str = "", stands: tuple[Stands, ...] = ()) -> None:
        super().__init__(message, hint)
        self.target = target
        self.stands = stands


class NotBack(Refused):
    """A target that may hold a version does not go back to what it held before."""


class StillAccepted(Refused):
    """A system lets in what is over. Nothing that was to follow from its end has happened."""


class ShutOut(Refused):
    """A system refuses a version that is in force: once the old one goes, nobody would have a key that works there."""
