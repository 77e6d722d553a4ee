"""The verdict's promises over generated evidence: incomplete is never SAFE, and no further danger makes it safer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import event, given
from hypothesis import strategies as st

from keytui.domain.gaps import Gap, GapKind
from keytui.domain.judgement import judge
from keytui.domain.movement import WEEK
from keytui.domain.reports import SourceKind
from keytui.domain.rotation import Waiver
from keytui.domain.usage import Caller
from keytui.domain.verdict import (
    CallerEvidence,
    Evidence,
    Question,
    Refusals,
    Sighting,
    Source,
    Verdict,
    Window,
)
from tests.unit.domain.evidence import DAY, HOUR, POLICY, clean, moved, source, waiver
from tests.world import NOON

DANGER = {Verdict.SAFE: 0, Verdict.UNKNOWN: 1, Verdict.NOT_SAFE: 2}
NAMES = ("web-1", "web-2", "cron", "10.0.3.7")
SOURCES = ("api-1", "api-2", "access.log")


def spans(least: timedelta, most: timedelta) -> st.SearchStrategy[timedelta]:
    return st.integers(int(least.total_seconds()), int(most.total_seconds())).map(lambda s: timedelta(seconds=s))


@st.composite
def complete(draw: st.DrawFn) -> Evidence:
    """Any evidence that should be SAFE: every caller has moved, in its own time and at its own pace."""
    question = draw(st.sampled_from(Question))
    since = draw(spans(POLICY.quiet, 60 * DAY))
    overlap = timedelta() if question is Question.RETIRE else draw(spans(timedelta(), 9 * DAY))
    names = draw(st.lists(st.sampled_from(SOURCES[:2]), min_size=1, unique=True))
    callers = tuple(
        draw(movers(name, seen_by, since, question))
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
        for seen_by in [draw(st.sampled_from(names))]
    )
    return replace(
        clean(question),
        since=NOON - since,
        handed_over=NOON - since - overlap,
        sources=tuple(
            source(name, age=_watched(since + overlap, callers) + draw(spans(timedelta(), 60 * DAY))) for name in names
        ),
        expected_sources=tuple(names),
        callers=callers,
        declared_consumers=tuple(entry.caller.name for entry in callers if entry.caller.declared),
        refusals=tuple(Refusals(name, draw(st.floats(0, 9)), 0) for name in names),
    )


def _watched(handed_over: timedelta, callers: tuple[CallerEvidence, ...]) -> timedelta:
    """Sources have watched at least since the callers left the old version, or they could not know that they did."""
    return max([handed_over, *(NOON - entry.old.last_seen for entry in callers if entry.old is not None)])


@st.composite
def movers(draw: st.DrawFn, name: str, seen_by: str, since: timedelta, question: Question) -> CallerEvidence:
    declared = name != "10.0.3.7"
    gap = draw(spans(timedelta(seconds=1), since))
    known = draw(spans(gap, gap + 30 * DAY))
    least = max(POLICY.quiet, 2 * gap, *([] if declared else [POLICY.shared_silence]))
    least = max(least, POLICY.first_silence) if known < WEEK else least
    least = max(least, since) if question is Question.COMPLETE else least
    former = draw(st.floats(0.1, 1e4))
    return moved(
        name,
        seen_by=seen_by,
        silent=draw(spans(least, least + 40 * DAY)),
        gap=gap,
        former=former,
        new=former * draw(st.floats(0.51, 3)),
        declared=declared,
        known=known,
    )


@st.composite
def arbitrary(draw: st.DrawFn) -> Evidence:
    """Any evidence at all, sensible or not."""
    times = spans(-2 * HOUR, 40 * DAY).map(lambda ago: NOON - ago)
    sightings = st.none() | st.builds(Sighting, times, times, st.integers(1, 9))
    flags = st.sampled_from((True, True, True, False))
    windows = st.builds(Window, times, times) | st.just(Window(NOON - 50 * DAY, NOON))
    recent = st.just(NOON) | times
    kinds = st.sampled_from(SourceKind)
    few = st.sampled_from((0, 0, 1))
    callers = st.builds(
        CallerEvidence,
        st.builds(Caller, st.sampled_from(NAMES), flags),
        st.sampled_from(SOURCES),
        sightings,
        sightings,
        st.none() | spans(timedelta(), 10 * DAY),
        st.floats(0, 50),
        st.floats(0, 50),
    )
    return Evidence(
        question=draw(st.sampled_from(Question)),
        now=NOON,
        since=draw(times),
        handed_over=draw(times),
        policy=POLICY,
        sources=tuple(
            draw(st.builds(Source, st.just(name), recent, windows, flags, flags.map(lambda flag: not flag), kinds))
            for name in draw(st.lists(st.sampled_from(SOURCES), unique=True))
        ),
        expected_sources=SOURCES[:1],
        callers=draw(st.lists(callers, max_size=4).map(tuple)),
        gaps=draw(st.lists(gaps(), max_size=1).map(tuple)),
        refusals=draw(
            st.lists(
                st.builds(Refusals, st.sampled_from(SOURCES), st.floats(0, 9), st.floats(0, 9), on_old=few), max_size=2
            ).map(tuple)
        ),
        declared_consumers=draw(st.lists(st.sampled_from(NAMES), max_size=1).map(tuple)),
        legacy_fallbacks=draw(st.sampled_from(((), (), ("API_KEY",)))),
        new_proven=draw(flags),
        waivers=draw(st.lists(waivers(), max_size=3).map(tuple)),
    )


def gaps() -> st.SearchStrategy[Gap]:
    return st.builds(
        lambda kind, ago, length: Gap("api-1", kind, NOON - ago, NOON - ago + length if length else None),
        st.sampled_from(GapKind),
        spans(HOUR, DAY),
        st.none() | spans(timedelta(seconds=1), HOUR),
    )


def waivers() -> st.SearchStrategy[Waiver]:
    subjects = (*NAMES, "overflow: 2 requests", "fallback: API_KEY", "source: api-1 missing")
    return st.builds(waiver, st.sampled_from(subjects), spans(timedelta(), DAY).map(lambda ago: NOON - ago))


def first_source(**changes: object) -> Callable[[Evidence], Evidence]:
    return lambda e: replace(e, sources=(replace(e.sources[0], **changes), *e.sources[1:]))  # type: ignore[arg-type]  # the fields differ in type


def also_called(entry: CallerEvidence) -> Callable[[Evidence], Evidence]:
    return lambda e: replace(e, callers=(*e.callers, replace(entry, source=e.sources[0].name)))


DAMAGES: dict[str, Callable[[Evidence], Evidence]] = {
    "window not passed": lambda e: replace(e, since=NOON - POLICY.suspension_watch + timedelta(seconds=1)),
    "no source": lambda e: replace(e, sources=()),
    "a source lost": lambda e: replace(e, sources=e.sources[1:]),
    "not attributable": first_source(attributable=False),
    "all forgeable": lambda e: replace(e, sources=tuple(replace(each, forgeable=True) for each in e.sources)),
    "as of an hour ago": first_source(as_of=NOON - HOUR),
    "as of an hour ahead": first_source(as_of=NOON + HOUR),
    "began too late": lambda e: first_source(window=Window(e.handed_over + timedelta(seconds=1), NOON))(e),
    "ended too early": lambda e: first_source(window=Window(e.sources[0].window.start, NOON - HOUR))(e),
    "seen once": also_called(replace(moved("new-face"), longest_gap=None)),
    "longer period than the window": also_called(moved("new-face", silent=90 * DAY, gap=61 * DAY)),
    "perhaps several programs": also_called(moved("10.9.9.9", silent=7 * DAY, declared=False)),
    "a first weekend": also_called(moved("new-face", silent=2 * DAY, known=6 * DAY)),
    "not moved": also_called(replace(moved("new-face"), new=None)),
    "still on the old version": also_called(moved("new-face", silent=HOUR)),
    "seen in the future": also_called(replace(moved("new-face"), new=Sighting(NOON, NOON + HOUR, 1))),
    "consumer never seen": lambda e: replace(e, declared_consumers=(*e.declared_consumers, "mobile")),
    "callers overflowed": first_source(overflowed=1),
    "legacy fallback": lambda e: replace(e, legacy_fallbacks=("API_KEY",)),
    "new version unproven": lambda e: replace(e, new_proven=False),
    "refusals risen": lambda e: replace(e, refusals=(replace(e.refusals[0], after=e.refusals[0].before + 0.1),)),
    "refusals unknown": lambda e: replace(e, refusals=()),
    "suspended version tried": lambda e: replace(
        e, question=Question.COMPLETE, refusals=(replace(e.refusals[0], on_old=1),)
    ),
} | {f"gap: {kind}": lambda e, kind=kind: replace(e, gaps=(Gap("api-1", kind, NOON - HOUR),)) for kind in GapKind}


@given(complete())
def test_safe_is_reached_when_nothing_is_missing(evidence: Evidence) -> None:
    assessment = judge(evidence)
    assert assessment.verdict is Verdict.SAFE, assessment.reasons
    assert assessment.assumption
    assert assessment.reasons


@given(complete(), st.sampled_from(sorted(DAMAGES)))
def test_incomplete_evidence_is_never_safe(evidence: Evidence, damage: str) -> None:
    assert judge(DAMAGES[damage](evidence)).verdict is not Verdict.SAFE


@given(complete(), spans(timedelta(seconds=1), WEEK - timedelta(seconds=1)), st.data())
def test_a_first_weekend_is_never_taken_for_leaving(evidence: Evidence, known: timedelta, data: st.DataObject) -> None:
    """However short its pauses were, and however long ago it was given the new secret."""
    silent = data.draw(spans(timedelta(), POLICY.first_silence - timedelta(seconds=1)))
    gap = data.draw(spans(timedelta(seconds=1), known))
    caller = moved("office", silent=silent, gap=gap, known=known, seen_by=evidence.sources[0].name)
    assert judge(replace(evidence, callers=(*evidence.callers, caller))).verdict is not Verdict.SAFE


def test_a_week_that_was_recorded_on_earlier_versions_counts() -> None:
    """A key that is rotated twice in a week: its callers' weekends are in their pauses."""
    brief = moved("office", silent=2 * DAY, known=DAY)
    evidence = replace(clean(), callers=(brief,), declared_consumers=())
    assert judge(evidence).verdict is Verdict.UNKNOWN
    known_longer = replace(brief, known_since=NOON - 2 * DAY - WEEK)
    assert judge(replace(evidence, callers=(known_longer,))).verdict is Verdict.SAFE


def test_every_damage_alone_is_enough() -> None:
    verdicts = {name: judge(damage(clean())).verdict for name, damage in DAMAGES.items()}
    assert Verdict.SAFE not in verdicts.values(), verdicts


@given(arbitrary() | complete(), st.data())
def test_more_danger_or_less_evidence_never_makes_it_safe(evidence: Evidence, data: st.DataObject) -> None:
    worse = [
        replace(evidence, callers=(*evidence.callers, moved(data.draw(st.sampled_from(NAMES)), silent=HOUR))),
        replace(evidence, gaps=(*evidence.gaps, data.draw(gaps()))),
        replace(evidence, sources=tuple(replace(each, overflowed=each.overflowed + 5) for each in evidence.sources)),
        replace(evidence, legacy_fallbacks=(*evidence.legacy_fallbacks, "OTHER_KEY")),
        replace(evidence, declared_consumers=(*evidence.declared_consumers, "nobody")),
        replace(evidence, refusals=tuple(replace(each, on_old=each.on_old + 1) for each in evidence.refusals)),
        replace(evidence, new_proven=False),
        replace(evidence, waivers=evidence.waivers[1:]),
    ]
    expected = (*evidence.expected_sources, *(each.name for each in evidence.sources))
    for lost in evidence.sources:
        left = tuple(each for each in evidence.sources if each is not lost)
        worse.append(replace(evidence, sources=left, expected_sources=expected))
    before = judge(evidence).verdict
    event(before)
    for other in worse:
        assert DANGER[judge(other).verdict] >= DANGER[before]


@given(arbitrary())
def test_every_finding_is_complete_and_nothing_fresh_is_waived(evidence: Evidence) -> None:
    for finding in judge(evidence).reasons:
        assert finding.source
        assert finding.detail
        assert finding.remedy or finding.verdict is Verdict.SAFE
        assert not (finding.waived_by and not finding.subject)
    quiet_from = NOON - POLICY.quiet
    if any(entry.old is not None and entry.old.last_seen > quiet_from for entry in evidence.callers):
        assert judge(evidence).verdict is Verdict.NOT_SAFE
