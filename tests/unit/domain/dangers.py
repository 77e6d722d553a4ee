"""Each danger that a verdict must see, done to clean evidence alone, and all that the verdict must say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from keytui.domain.gaps import Gap, GapKind
from keytui.domain.movement import WEEK
from keytui.domain.reports import SourceKind
from keytui.domain.usage import Caller
from keytui.domain.verdict import CallerEvidence, Evidence, Question, Refusals, Sighting, Verdict, Window
from tests.unit.domain.evidence import DAY, HOUR, POLICY, clean, moved, source
from tests.world import NOON

NOT_SAFE, UNKNOWN, SAFE = Verdict.NOT_SAFE, Verdict.UNKNOWN, Verdict.SAFE
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Case:
    """One way to damage clean evidence, and all that the verdict must say of it."""

    damage: Callable[[Evidence], Evidence]
    verdict: Verdict
    says: str
    subject: str = ""
    source: str = "api-1"
    question: Question = Question.RETIRE

    def evidence(self) -> Evidence:
        return self.damage(clean(self.question))


def with_caller(entry: CallerEvidence) -> Callable[[Evidence], Evidence]:
    return lambda evidence: replace(evidence, callers=(*evidence.callers, entry))


def with_source(**changes: object) -> Callable[[Evidence], Evidence]:
    return lambda evidence: replace(evidence, sources=(replace(evidence.sources[0], **changes),))  # type: ignore[arg-type]  # the fields differ in type


def with_gap(gap: Gap) -> Callable[[Evidence], Evidence]:
    return lambda evidence: replace(evidence, gaps=(*evidence.gaps, gap))


def beside(
    other: CallerEvidence, *, forgeable: bool = False, attributable: bool = True
) -> Callable[[Evidence], Evidence]:
    """A second source, with a caller that it saw."""
    second = source(other.source, forgeable=forgeable, attributable=attributable)
    return lambda evidence: replace(evidence, sources=(*evidence.sources, second), callers=(*evidence.callers, other))


GONE = replace(moved("cron"), new=None, new_rate=0.0)
ONCE = CallerEvidence(Caller.called("cron"), "api-1", old=Sighting(NOON - 3 * DAY, NOON - 3 * DAY, 1))
RETURNED = replace(moved("cron"), new=Sighting(NOON - 6 * DAY, NOON - 4 * DAY, 50))

CASES: dict[str, Case] = {
    "a declared consumer of which no request is known": Case(
        lambda e: replace(
            e,
            declared_consumers=("mobile",),
            callers=(replace(moved("mobile"), old=None, new=Sighting(NOON - DAY, NOON, 0)),),
        ),
        UNKNOWN,
        "mobile is named",
        "mobile",
    ),
    "a declared consumer whose name an address resembles": Case(
        lambda e: with_caller(moved("mobile", declared=False, silent=9 * DAY))(
            replace(e, declared_consumers=("mobile curl/8",))
        ),
        UNKNOWN,
        "mobile curl/8 is named",
        "mobile curl/8",
    ),
    "fresh use of the old version": Case(
        with_caller(moved("cron", silent=POLICY.quiet - SECOND)), NOT_SAFE, "cron used"
    ),
    "fresh use seen only by a source that could be forged": Case(
        beside(moved("cron", seen_by="access.log", silent=HOUR), forgeable=True),
        NOT_SAFE,
        "api-1 saw nothing of it; an outsider could have forged access.log",
        source="access.log",
    ),
    "sources that disagree": Case(
        beside(moved("web-1", seen_by="api-2", silent=HOUR)),
        NOT_SAFE,
        "; api-1 saw nothing of it",
        source="api-2",
    ),
    "silent for less than twice its longest pause": Case(
        with_caller(moved("cron", silent=3 * DAY, gap=36 * HOUR + SECOND)), NOT_SAFE, "only 3 d 0 h show it", "cron"
    ),
    "not seen on the new version": Case(with_caller(GONE), NOT_SAFE, "not arrived", "cron"),
    "at less than half its former rate": Case(
        with_caller(moved("cron", former=40, new=19.9)), NOT_SAFE, "(20 requests", "cron"
    ),
    "back on the old version after the new": Case(with_caller(RETURNED), NOT_SAFE, "not arrived", "cron"),
    "a rate that is not a number": Case(with_caller(moved("cron", new=float("nan"))), NOT_SAFE, "not arrived", "cron"),
    "two sources, one of which says it has not moved": Case(
        beside(replace(GONE, caller=Caller.called("web-1"), source="api-2", former_rate=100)),
        NOT_SAFE,
        "(0 requests an hour there, 100 before); api-1 saw it there",
        "web-1",
        source="api-2",
    ),
    "a caller that came and stayed with nothing": Case(
        with_caller(moved("cron", former=0, new=0)), NOT_SAFE, "not arrived", "cron"
    ),
    "two sources, one of which knows longer pauses": Case(
        beside(moved("web-1", seen_by="api-2", gap=2 * DAY)), NOT_SAFE, "; api-1 saw shorter pauses", "web-1", "api-2"
    ),
    "seen only once": Case(with_caller(ONCE), UNKNOWN, "only once", "cron"),
    "all of it at one instant": Case(with_caller(moved("cron", gap=timedelta())), UNKNOWN, "only once", "cron"),
    "seen only once by one of two sources": Case(
        beside(moved("web-1", seen_by="api-2", gap=None)), UNKNOWN, "; api-1 saw it more often", "web-1", source="api-2"
    ),
    "a period longer than the window": Case(
        with_caller(moved("cron", silent=15 * DAY, gap=7 * DAY)), UNKNOWN, "every 7 d 0 h, and 4 d 0 h", "cron"
    ),
    "a first weekend": Case(
        with_caller(moved("cron", silent=POLICY.first_silence - SECOND, known=WEEK - SECOND)),
        UNKNOWN,
        "cron was known for 6 d 23 h when it left the old version, too short to have shown a weekend",
        "cron",
    ),
    "a first weekend after a retirement by force": Case(
        with_caller(moved("cron", silent=POLICY.first_silence - SECOND, known=3 * DAY)),
        UNKNOWN,
        "too short to have shown a weekend",
        "cron",
        question=Question.COMPLETE,
    ),
    "a first weekend, and an earlier week by the word of a source that could be forged": Case(
        lambda e: beside(moved("web-2", seen_by="access.log", silent=2 * DAY), forgeable=True)(
            replace(e, callers=(moved("web-2", silent=2 * DAY, known=3 * DAY), moved("web-1")))
        ),
        UNKNOWN,
        "known for 3 d 0 h",
        "web-2",
        "access.log, api-1",
    ),
    "a gap in the silence after a first week": Case(
        lambda e: with_gap(Gap("api-1", GapKind.SILENT, NOON - 60 * HOUR, NOON - 59 * HOUR))(
            replace(e, since=NOON - 30 * HOUR, handed_over=NOON - 30 * HOUR, callers=(moved("web-1", known=3 * DAY),))
        ),
        UNKNOWN,
        "recorder silent",
        "gap: api-1 recorder silent 2026-11-18T00:00:00Z",
    ),
    "perhaps several programs": Case(
        with_caller(moved("10.0.3.7", declared=False, silent=8 * DAY - SECOND)),
        UNKNOWN,
        "hide several",
        "10.0.3.7 curl/8",
    ),
    "moved by the word of a source that could be forged": Case(
        beside(moved("cron", seen_by="access.log"), forgeable=True), UNKNOWN, "only by the word", "cron", "access.log"
    ),
    "moved by the word of a source that mixes versions": Case(
        beside(moved("cron", seen_by="access.log"), attributable=False),
        UNKNOWN,
        "only by the word",
        "cron",
        "access.log",
    ),
    "a declared consumer never seen": Case(
        lambda e: replace(e, declared_consumers=("web-1", "mobile")), UNKNOWN, "mobile is named", "mobile"
    ),
    "a declared consumer seen on the old version only": Case(
        lambda e: replace(
            e, declared_consumers=("old",), callers=(*e.callers, replace(GONE, caller=Caller.called("old")))
        ),
        UNKNOWN,
        "old is named as a consumer",
        "old",
    ),
    "a declared consumer whose sighting could be forged": Case(
        lambda e: beside(replace(moved("mobile", seen_by="access.log"), old=None), forgeable=True)(
            replace(e, declared_consumers=("mobile",))
        ),
        UNKNOWN,
        "mobile is named",
        "mobile",
        "api-1, access.log",
    ),
    "callers that overflowed": Case(with_source(overflowed=3), UNKNOWN, "3 more", "overflow: 3 requests"),
    "the window open": Case(
        lambda e: replace(e, since=NOON - POLICY.quiet + SECOND), UNKNOWN, "since the hand-over", source="vault"
    ),
    "the change in the future": Case(lambda e: replace(e, since=NOON + HOUR), UNKNOWN, "have passed", source="vault"),
    "the new version unproven": Case(
        lambda e: replace(e, new_proven=False), UNKNOWN, "never been accepted", source="vault"
    ),
    "a legacy fallback": Case(
        lambda e: replace(e, legacy_fallbacks=("PAYLOAD_API_KEY on web-1",)),
        UNKNOWN,
        "still accept the old value",
        "fallback: PAYLOAD_API_KEY on web-1",
        "vault",
    ),
    "refusals risen": Case(
        lambda e: replace(e, refusals=(Refusals("api-1", 0.2, 0.3, 4),)),
        UNKNOWN,
        "from 0.2 to 0.3",
        "refusals: api-1 4 since the change",
    ),
    "no word about refusals": Case(lambda e: replace(e, refusals=()), UNKNOWN, "how many requests are refused"),
    "refusals counted only where they could be forged": Case(
        lambda e: replace(
            e, sources=(source(), source("access.log", forgeable=True)), refusals=(Refusals("access.log", 1, 0),)
        ),
        UNKNOWN,
        "how many requests are refused",
        source="api-1, access.log",
    ),
    "no source": Case(
        lambda e: replace(e, sources=(), callers=(), refusals=(), expected_sources=()),
        UNKNOWN,
        "nothing records",
        source="no source",
    ),
    "a source that could be forged, alone": Case(
        with_source(forgeable=True), UNKNOWN, "have forged api-1, and no sound"
    ),
    "no source that is whole": Case(with_source(attributable=False), UNKNOWN, "no source is whole"),
    "versions not told apart": Case(
        with_source(attributable=False),
        UNKNOWN,
        "does not tell",
        "source: api-1 does not tell keys and versions apart",
    ),
    "a source that spoke too long ago": Case(
        with_source(as_of=NOON - POLICY.evidence_as_of - SECOND),
        UNKNOWN,
        "spoke last at",
        "source: api-1 spoke last at 2026-11-20T11:58:59Z",
    ),
    "a log that was read too long ago": Case(
        with_source(as_of=NOON - POLICY.asked_as_of - SECOND, kind=SourceKind.ACCESS_LOG),
        UNKNOWN,
        "spoke last at",
        "source: api-1 spoke last at 2026-11-20T11:54:59Z",
    ),
    "a source that began after the change": Case(
        with_source(window=Window(NOON - 4 * DAY + SECOND, NOON)),
        UNKNOWN,
        "nothing before",
        "source: api-1 saw nothing before 2026-11-16T12:00:01Z",
    ),
    "a source that ends before now": Case(
        with_source(window=Window(NOON - 30 * DAY, NOON - POLICY.evidence_as_of - SECOND)),
        UNKNOWN,
        "nothing after",
        "source: api-1 saw nothing after 2026-11-20T11:58:59Z",
    ),
    "an expected source that is missing": Case(
        lambda e: replace(e, expected_sources=("api-1", "api-2")),
        UNKNOWN,
        "expected to report",
        "source: api-2 missing",
        "api-2",
    ),
    "a caller told of by a source that is missing": Case(
        with_caller(moved("web-1", seen_by="api-9")), UNKNOWN, "expected to report", "source: api-9 missing", "api-9"
    ),
    "refusals told of by a source that is missing": Case(
        lambda e: replace(e, refusals=(*e.refusals, Refusals("api-9", 0, 0))),
        UNKNOWN,
        "expected to report",
        "source: api-9 missing",
        "api-9",
    ),
    "a clock that is ahead": Case(
        with_source(as_of=NOON + POLICY.clock_skew + SECOND), UNKNOWN, "31 s ahead of the vault's clock"
    ),
    "a window that ends in the future": Case(
        with_source(window=Window(NOON - 30 * DAY, NOON + HOUR)), UNKNOWN, "ahead of the vault's clock"
    ),
    "a caller seen in the future": Case(
        with_caller(replace(moved("cron"), new=Sighting(NOON - DAY, NOON + HOUR, 9))),
        UNKNOWN,
        "ahead of the vault's clock",
    ),
    "attempts with the suspended version": Case(
        lambda e: replace(e, refusals=(replace(e.refusals[0], on_old=1),)),
        NOT_SAFE,
        "sends the suspended version",
        question=Question.COMPLETE,
    ),
    "let in with the suspended version": Case(
        lambda e: with_caller(moved("cron", silent=2 * DAY))(replace(e, since=NOON - 3 * DAY)),
        NOT_SAFE,
        "cron was let in with the suspended",
        question=Question.COMPLETE,
    ),
    "the suspension not watched long enough": Case(
        lambda e: replace(e, since=NOON - POLICY.suspension_watch + SECOND),
        UNKNOWN,
        "since the suspension",
        source="vault",
        question=Question.COMPLETE,
    ),
    "suspended by force, one day after a caller with longer pauses": Case(
        with_caller(moved("cron", silent=30 * HOUR, gap=20 * HOUR)),
        NOT_SAFE,
        "only 1 d 16 h show it",
        "cron",
        question=Question.COMPLETE,
    ),
    "suspended by force, within the quiet window": Case(
        with_caller(moved("cron", silent=3 * HOUR)), NOT_SAFE, "cron used", question=Question.COMPLETE
    ),
} | {
    f"a gap: {kind}": Case(
        with_gap(Gap("api-1", kind, NOON - 2 * DAY, NOON - 2 * DAY + HOUR, 7)),
        UNKNOWN,
        kind.value,
        f"gap: api-1 {kind} 2026-11-18T12:00:00Z (7)",
    )
    for kind in GapKind
}
