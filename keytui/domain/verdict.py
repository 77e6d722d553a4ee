"""The verdict: may the old version of a rotation be retired? Evidence in, verdict and findings out.

It may say UNKNOWN too often; it may never say SAFE too early. The rules are DESIGN.md's (The verdict).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from keytui.domain.gaps import Gap
from keytui.domain.policy import Policy
from keytui.domain.reports import SourceKind
from keytui.domain.rotation import Waiver
from keytui.domain.usage import Caller


class Verdict(StrEnum):
    """Whether the old version can go."""

    SAFE = "SAFE"
    NOT_SAFE = "NOT_SAFE"
    UNKNOWN = "UNKNOWN"


class Question(StrEnum):
    """What is being asked: to suspend the old version, or to revoke it after its suspension was watched."""

    RETIRE = "retire"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, both ends UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Source:
    """Where evidence comes from, and how much it can carry. All recorders together are one source."""

    name: str
    as_of: datetime
    window: Window
    attributable: bool = True
    """Whether it tells keys and versions apart."""
    forgeable: bool = False
    """Whether an outsider could write it: named as such, and never SAFE alone."""
    kind: SourceKind = SourceKind.RECORDER
    overflowed: int = 0
    """Accepted requests on the old version of callers that its list had no room for."""

    @property
    def sees_uses(self) -> bool:
        """Whether an accepted request would show there at all."""
        return self.kind is not SourceKind.REFUSALS


@dataclass(frozen=True, slots=True)
class Sighting:
    """Accepted requests of one caller on one version."""

    first_seen: datetime
    last_seen: datetime
    count: int
    recorder: str = ""
    """Which of a source's recorders claims the last of them, if it has several."""


@dataclass(frozen=True, slots=True)
class CallerEvidence:
    """One caller of the key on both versions, as one source saw it.

    `former_rate` and `new_rate` are requests per hour: on the old version over the caller's recorded history before
    the change, and on the new one since it first used that. A move that a source did not measure is none.
    """

    caller: Caller
    source: str
    """The name of one of the evidence's sources."""
    old: Sighting | None = None
    new: Sighting | None = None
    longest_gap: timedelta | None = None
    """Over its whole recorded history on the key; None while it was seen only once."""
    former_rate: float = 0.0
    new_rate: float = 0.0
    known_since: datetime | None = None
    """When the source first saw it with the key, on any version; None: not before what is said of these two."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """Refused requests of the key before and after the change, each as requests per hour over its window.

    A source that saw none says so, with zeros: without a word about refusals no verdict is SAFE.
    """

    source: str
    before: float
    after: float
    count_after: int = 0
    on_old: int = 0
    """Those of them with the old version: after a suspension, of somebody who still holds it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a verdict is made of. `since`: the hand-over of the new version (RETIRE), the suspension (COMPLETE)."""

    question: Question
    now: datetime
    since: datetime
    handed_over: datetime
    """When the new version was handed over. Whoever used the old one from then on must have been seen, for both
    questions: a retirement may have been forced through."""
    policy: Policy
    sources: tuple[Source, ...] = ()
    expected_sources: tuple[str, ...] = ()
    """Names of the sources that should speak; one that is not among `sources` is missing evidence, not silence."""
    gaps: tuple[Gap, ...] = ()
    callers: tuple[CallerEvidence, ...] = ()
    refusals: tuple[Refusals, ...] = ()
    declared_consumers: tuple[str, ...] = ()
    """The applications that the key names as its consumers."""
    legacy_fallbacks: tuple[str, ...] = ()
    """Places that would accept the old value whatever its state, by name (an env variable)."""
    new_proven: bool = False
    """Whether the new secret has been accepted once, or its possession was proven, since it was issued."""
    waivers: tuple[Waiver, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason for a verdict, with its source, count, as-of time and window.

    `source` names who claims it: of several recorders the one that does. `subject` is the name by which it can be
    waived; empty where it cannot be. `remedy` says how to get what is missing.
    `caller` is the name of the caller that it is about, if it is about one, waivable or not.
    """

    verdict: Verdict
    source: str
    detail: str
    as_of: datetime
    window: Window
    count: int = 0
    subject: str = ""
    remedy: str = ""
    waived_by: str = ""
    caller: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """A verdict with everything it rests on. `assumption` is SAFE's stated one, in words; empty otherwise."""

    verdict: Verdict
    question: Question
    as_of: datetime
    reasons: tuple[Finding, ...]
    assumption: str = ""
