"""The one Protocol of a probe that asks a system with a key itself: is it let in?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from keytui.domain.secrets import Secret


class Outcome(StrEnum):
    """What an answer proves."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCLEAR = "unclear"
    """Neither: no answer, trouble of the system's own, something that nobody expected."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How asking with one secret ended. `said` is in words, harmless and without the secret."""

    outcome: Outcome
    said: str
    took: timedelta


class KeyProbe(Protocol):
    """Asks as a consumer of the key does. Small and synchronous; whatever the system does is an answer, no error."""

    @property
    def name(self) -> str:
        """What the configuration calls it."""
        ...

    def ask(self, secret: Secret) -> Answer:
        """Send one request with the secret."""
        ...

    def rehearse(self, stranger: Secret) -> None:
        """Refused where `stranger`, which is no key, is not refused: what lets everybody in proves nothing."""
        ...
