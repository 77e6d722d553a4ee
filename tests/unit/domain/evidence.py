"""Evidence for which the verdict is SAFE, to be damaged by a test in the one way that it is about."""

from __future__ import annotations

from datetime import datetime, timedelta

from keytui.domain.policy import Policy
from keytui.domain.rotation import Waiver
from keytui.domain.usage import Caller
from keytui.domain.verdict import (
    CallerEvidence,
    Evidence,
    Question,
    Refusals,
    Sighting,
    Source,
    Window,
)
from tests.world import NOON

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
POLICY = Policy()


def source(
    name: str = "api-1", *, attributable: bool = True, forgeable: bool = False, age: timedelta = 30 * DAY
) -> Source:
    """A source that has watched for `age` and spoke a moment ago."""
    return Source(name, NOON - timedelta(seconds=2), Window(NOON - age, NOON), attributable, forgeable)


def moved(
    name: str = "web-1",
    *,
    seen_by: str = "api-1",
    silent: timedelta = 3 * DAY,
    gap: timedelta | None = HOUR,
    former: float = 40,
    new: float = 41,
    declared: bool = True,
    known: timedelta = 20 * DAY,
) -> CallerEvidence:
    """A caller that left the old version `silent` ago, after having been `known`, and went on with the new one."""
    left = NOON - silent
    return CallerEvidence(
        Caller.called(name) if declared else Caller.undeclared(name, "curl/8"),
        seen_by,
        old=Sighting(left - known, left, 900),
        new=Sighting(left + timedelta(minutes=1), NOON - timedelta(seconds=5), 300),
        longest_gap=gap,
        former_rate=former,
        new_rate=new,
    )


def clean(question: Question = Question.RETIRE) -> Evidence:
    """Two callers that have moved, one sound source, nothing that speaks against it."""
    return Evidence(
        question=question,
        now=NOON,
        since=NOON - 4 * DAY if question is Question.RETIRE else NOON - 2 * HOUR,
        handed_over=NOON - 4 * DAY,
        policy=POLICY,
        sources=(source(),),
        expected_sources=("api-1",),
        callers=(moved("web-1"), moved("web-2", silent=2 * DAY)),
        refusals=(Refusals("api-1", before=0.5, after=0.2, count_after=9),),
        declared_consumers=("web-1",),
        new_proven=True,
    )


def waiver(subject: str, at: datetime = NOON) -> Waiver:
    """Ada sets something aside."""
    return Waiver(subject, "ada@bastion", at, "the owner says so")
