"""Incidents: what happened around compromised keys, from the first revocation to the lessons learned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import sqrt
from statistics import median
from typing import Final

from keytui.domain.durations import long
from keytui.domain.errors import Invalid

BASELINE: Final = timedelta(hours=24)
"""How far back before an incident the usual rate of its keys is looked for."""
MEASURED_OVER: Final = timedelta(hours=1)
"""The newest stretch that is held against the baseline."""
TOO_EARLY: Final = timedelta(minutes=10)
"""Less than this after the opening, no rate says anything."""
_HOUR: Final = timedelta(hours=1)
_FACTOR: Final = 2
"""A rate within half of the usual and twice the busiest hour is back."""
_DEVIATIONS: Final = 3
"""Few requests scatter: so many standard deviations of a count are nothing to speak of."""


@dataclass(frozen=True, slots=True)
class IncidentDraft:
    """What is opened: a title, and the keys by their ids, all of one tenant."""

    title: str
    key_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IncidentKey:
    """A key of an incident, and which version was its current one when that was opened."""

    id: str
    name: str
    environment: str
    version: int


@dataclass(frozen=True, slots=True)
class Closing:
    """What an incident ends with. `override` says why it may although the load is not back; empty to go by the load."""

    cause: str
    remediation: str
    lessons: str
    override: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as it is stored. What it was closed with is empty while it is open."""

    id: int
    title: str
    tenant: str
    keys: tuple[IncidentKey, ...]
    opened_by: str
    opened_at: datetime
    closed_by: str = ""
    closed_at: datetime | None = None
    cause: str = ""
    remediation: str = ""
    lessons: str = ""
    override: str = ""
    load: str = ""
    """How the load stood when it was closed, in words with numbers."""

    @property
    def open(self) -> bool:
        """Whether anything is left to do."""
        return self.closed_at is None


class Happening(StrEnum):
    """What an entry of a timeline tells of."""

    OPENED = "opened"
    DONE = "done"
    """An entry of the audit log about one of the keys."""
    CUT_OFF = "cut off"
    NOTE = "note"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of a timeline. `who` did it: an operator, or the caller that was cut off."""

    at: datetime
    who: str
    what: Happening
    text: str
    declared: bool = True
    """Whether a caller gave its own name; without, `who` may be an address."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """A caller that used a version of an incident's key until that was refused."""

    caller: str
    declared: bool
    """Whether it gave its name; without, the name may be an address."""
    key_name: str
    version: int
    last_let_in_at: datetime
    cut_off_at: datetime
    refused: int
    """Requests with that version that were refused, since it is known."""
    back_at: datetime | None
    """When it was first let in with a later version; None while it is out."""


@dataclass(frozen=True, slots=True)
class Load:
    """Accepted requests of one key: each full hour of the day before the incident, and lately."""

    key_name: str
    before: tuple[int, ...]
    """Oldest first; empty when the key is younger, or nothing was recorded then."""
    lately: int
    over: timedelta
    """The stretch that `lately` was counted over, since the incident was opened."""
    revoked: bool = False
    """The whole key is revoked: nothing is expected of it."""
    missing: int = 0
    """Callers that were let in within the day before, cut off since, and are not back."""

    @property
    def rate(self) -> float:
        """Requests an hour lately."""
        return self.lately * _HOUR / self.over if self.over else 0.0

    @property
    def back(self) -> bool:
        """Whether it is at its baseline. Too early is not back; where nothing was recorded, none is missing."""
        if self.revoked:
            return self.lately == 0
        if not any(self.before):
            return True
        if self.over < TOO_EARLY or self.missing or not self.lately:
            return False
        low, high = self._usual / _FACTOR, max(self.before) * _FACTOR
        return low - self._scatter(low) <= self.rate <= high + self._scatter(high)

    @property
    def _usual(self) -> float:
        """Requests of an ordinary hour: one without any, or a burst, is none. Of a key with few hours, the quietest."""
        return median(self.before) or min(count for count in self.before if count)

    def _scatter(self, rate: float) -> float:
        """How far the measured rate may be off by chance, at this one."""
        return _DEVIATIONS * sqrt(rate * (_HOUR / self.over))

    def in_words(self) -> str:
        """The numbers, and what they say."""
        lately = f"{self.rate:,.0f} requests an hour over the last {long(self.over)}"
        if self.revoked:
            return f"{self.key_name} is revoked: {lately}" + ("" if self.back else ", which nobody should let in")
        if not any(self.before):
            return f"{self.key_name} had no counted request in the {_hours()} hours before: {lately}"
        low, high = min(self.before), max(self.before)
        before = f"{low:,} to {high:,} in the hours before the incident"
        out = f"; callers that were cut off and are not back: {self.missing}" if self.missing else ""
        if self.over < TOO_EARLY:
            return f"{self.key_name}: {before}; too early to tell, {long(self.over)} after the opening"
        return f"{self.key_name}: {before}; {lately}: {'back' if self.back else 'not back'}{out}"


def load_in_words(loads: Iterable[Load]) -> str:
    """All of them, as the log keeps it."""
    return "; ".join(load.in_words() for load in loads)


@dataclass(frozen=True, slots=True)
class Former:
    """A version that a key had when its incident was opened, and that is let in still: whoever stole it gets in too."""

    key_name: str
    version: int


@dataclass(frozen=True, slots=True)
class IncidentDetail:
    """All of one incident; the timeline is oldest first."""

    incident: Incident
    timeline: tuple[Moment, ...]
    cut_off: tuple[CutOff, ...]
    load: tuple[Load, ...]
    """How it stands now; empty once it is closed, when `incident.load` says how it stood."""
    left_out: int = 0
    """Entries of the log that are more than a timeline shows."""
    let_in: tuple[Former, ...] = ()
    """By key and version; empty once it is closed."""


def in_order(*parts: Sequence[Moment]) -> tuple[Moment, ...]:
    """One timeline, oldest first; what happened at the same time stays in the order given."""
    return tuple(sorted((moment for part in parts for moment in part), key=lambda moment: moment.at))


def refuse_incomplete(closing: Closing) -> None:
    """Invalid names what is missing."""
    missing = [
        name
        for name, text in (
            ("the cause", closing.cause),
            ("the remediation", closing.remediation),
            ("the lessons learned", closing.lessons),
        )
        if not text.strip()
    ]
    if missing:
        raise Invalid(
            f"an incident cannot be closed without {' and '.join(missing)}",
            "say what happened, what was done, and what is learned, for whoever meets the next one",
        )


def _hours() -> int:
    return int(BASELINE / _HOUR)
