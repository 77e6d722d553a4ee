"""The verdict, rule by rule: what stands against SAFE, who said it, what to do, and whether a name waives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from keytui.domain.gaps import Gap, GapKind
from keytui.domain.judgement import judge
from keytui.domain.reports import SourceKind
from keytui.domain.verdict import Evidence, Finding, Question, Refusals, Window
from tests.unit.domain.dangers import (
    CASES,
    GONE,
    NOT_SAFE,
    SAFE,
    SECOND,
    UNKNOWN,
    Case,
    with_caller,
    with_gap,
    with_source,
)
from tests.unit.domain.evidence import DAY, HOUR, POLICY, clean, moved, source, waiver
from tests.world import NOON

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def found(case: Case) -> Finding:
    """The one finding that the case is about."""
    matching = [finding for finding in judge(case.evidence()).reasons if case.says in finding.detail]
    assert len(matching) == 1, [finding.detail for finding in judge(case.evidence()).reasons]
    return matching[0]


@pytest.mark.parametrize("question", Question)
def test_clean_evidence_is_safe(question: Question) -> None:
    assert judge(clean(question)).verdict is SAFE


@every_case
def test_what_speaks_against_safe_is_found(case: Case) -> None:
    finding = found(case)
    assert (finding.verdict, finding.subject) == (case.verdict, case.subject)
    assert judge(case.evidence()).verdict is not SAFE
    assert judge(case.evidence()).assumption == ""


@every_case
def test_a_finding_names_source_as_of_window_and_remedy(case: Case) -> None:
    finding = found(case)
    assert finding.source == case.source
    assert finding.as_of <= NOON or case.says == "31 s ahead of the vault's clock"
    assert finding.window.start < finding.window.end
    assert finding.remedy


@every_case
def test_a_name_waives_it_if_it_has_one_and_it_stays_listed(case: Case) -> None:
    damaged = case.evidence()
    subjects = {finding.subject for finding in judge(damaged).reasons}
    waived = judge(replace(damaged, waivers=tuple(waiver(subject) for subject in subjects)))
    finding = next(finding for finding in waived.reasons if case.says in finding.detail)
    assert finding.waived_by == ("ada@bastion" if case.subject else "")
    if not case.subject:
        assert waived.verdict is case.verdict


@pytest.mark.parametrize(
    "name", ["not seen on the new version", "seen only once", "a legacy fallback", "callers that overflowed"]
)
def test_a_waived_finding_no_longer_blocks_and_is_named_in_the_assumption(name: str) -> None:
    case = CASES[name]
    assessment = judge(replace(case.evidence(), waivers=(waiver(case.subject),)))
    assert assessment.verdict is SAFE
    assert case.subject in assessment.assumption
    assert assessment.reasons[-1].waived_by == "ada@bastion"
    assert not any(case.subject in reason.detail for reason in assessment.reasons if reason.verdict is SAFE)


def test_the_most_dangerous_finding_decides_and_comes_first() -> None:
    damaged = replace(clean(), new_proven=False, callers=(GONE, moved("web-1", silent=HOUR)), waivers=(waiver("cron"),))
    assessment = judge(damaged)
    assert assessment.verdict is NOT_SAFE
    assert [(reason.verdict, reason.waived_by) for reason in assessment.reasons] == [
        (NOT_SAFE, ""),
        (UNKNOWN, ""),
        (NOT_SAFE, "ada@bastion"),
    ]


def test_a_waiver_does_not_cover_what_came_after_it() -> None:
    early = waiver("cron", NOON - 3 * DAY - SECOND)
    came_back = replace(clean(), callers=(*clean().callers, GONE), waivers=(early,))
    assert judge(came_back).verdict is NOT_SAFE
    ahead = replace(came_back, waivers=(waiver("cron", NOON + HOUR),))
    assert judge(ahead).verdict is NOT_SAFE


def test_a_gap_that_lost_more_or_more_refusals_are_new_findings() -> None:
    gap = Gap("api-1", GapKind.DROPPED, NOON - DAY, count=7)
    waived = replace(with_gap(gap)(clean()), waivers=(waiver("gap: api-1 events dropped 2026-11-19T12:00:00Z (7)"),))
    assert judge(waived).verdict is SAFE
    assert judge(replace(waived, gaps=(replace(gap, count=8),))).verdict is UNKNOWN


@pytest.mark.parametrize(
    "damage",
    [
        with_caller(moved("cron", silent=POLICY.quiet)),
        with_caller(moved("cron", silent=3 * DAY, gap=36 * HOUR)),
        with_caller(moved("cron", former=40, new=20)),
        with_caller(moved("10.0.3.7", declared=False, silent=8 * DAY)),
        with_caller(replace(moved("newcomer", gap=None), old=None)),
        with_source(as_of=NOON - POLICY.evidence_as_of),
        with_source(as_of=NOON - POLICY.asked_as_of, kind=SourceKind.ACCESS_LOG),
        with_source(as_of=NOON + POLICY.clock_skew),
        with_source(window=Window(NOON - 4 * DAY, NOON - POLICY.evidence_as_of)),
        with_gap(Gap("api-1", GapKind.SILENT, NOON - 9 * DAY, NOON - 8 * DAY)),
        lambda e: replace(e, since=NOON - POLICY.quiet),
        lambda e: replace(e, refusals=(replace(e.refusals[0], on_old=5),)),
        lambda e: replace(e, refusals=(Refusals("api-1", 0, 0),)),
    ],
)
def test_at_its_boundary_each_rule_is_content(damage: Callable[[Evidence], Evidence]) -> None:
    assert judge(damage(clean())).verdict is SAFE


def test_a_gap_reaches_as_far_as_the_silence_that_is_asked_of_a_caller() -> None:
    old_gap = with_gap(Gap("api-1", GapKind.SILENT, NOON - 9 * DAY, NOON - 7 * DAY))
    weekly = with_caller(moved("cron", silent=9 * DAY, gap=4 * DAY))
    undeclared = with_caller(moved("10.0.3.7", declared=False, silent=9 * DAY))
    assert judge(old_gap(clean())).verdict is SAFE
    assert judge(weekly(clean())).verdict is SAFE
    assert judge(old_gap(weekly(clean()))).verdict is UNKNOWN
    assert judge(old_gap(undeclared(clean()))).verdict is UNKNOWN


def test_a_gap_that_ends_before_it_starts_may_be_anywhere() -> None:
    assert judge(with_gap(Gap("api-1", GapKind.SILENT, NOON, NOON - 300 * DAY))(clean())).verdict is UNKNOWN


def test_a_use_just_after_the_suspension_is_its_way_to_the_verifiers() -> None:
    callers = (moved("web-1", silent=3 * DAY - POLICY.clock_skew),)
    assert judge(replace(clean(Question.COMPLETE), since=NOON - 3 * DAY, callers=callers)).verdict is SAFE


def test_a_finding_is_as_old_as_the_oldest_of_its_sources() -> None:
    older = replace(source("api-2"), as_of=NOON - 50 * SECOND)
    evidence = replace(clean(), sources=(source(), older), declared_consumers=("mobile",))
    assert [reason.as_of for reason in judge(evidence).reasons] == [NOON - 50 * SECOND]


def test_a_finding_about_a_caller_names_it_apart_from_its_words() -> None:
    damaged = replace(clean(), callers=(*clean().callers, GONE, moved("web-9", silent=HOUR)), legacy_fallbacks=("x",))
    assert [reason.caller for reason in judge(damaged).reasons] == ["web-9", "cron", ""]
    assert {reason.caller for reason in judge(clean()).reasons} == {"", "web-1", "web-2"}


def test_safe_says_what_it_rests_on_and_how_rare_a_job_would_escape_it() -> None:
    forgeable = source("access.log", forgeable=True)
    assessment = judge(replace(clean(), sources=(source(age=30 * DAY), forgeable)))
    text = "\n".join(reason.detail for reason in assessment.reasons)
    for ground in ("knows 2 callers", "could be forged and was not counted on", "last used at 2026-11-18T12:00:00Z"):
        assert ground in text
    for ground in (
        "web-1 left the old version 3 d 0 h ago",
        "accepted, or its possession",
        "refusals did not rise: 0.5",
    ):
        assert ground in text
    assert all(reason.verdict is SAFE and reason.source for reason in assessment.reasons)
    assert "api-1 saw every use since 2026-10-21T12:00:00Z" in assessment.assumption
    assert "less often than every 30 d 0 h" in assessment.assumption


def test_the_assumption_reaches_back_to_the_last_gap_and_the_shortest_source() -> None:
    gap = Gap("api-1", GapKind.LOG_ROTATED, NOON - 29 * DAY, NOON - 20 * DAY)
    assert "every 20 d 0 h" in judge(with_gap(gap)(clean())).assumption
    shorter = replace(clean(), sources=(source(), source("api-2", age=9 * DAY)))
    assert "every 9 d 0 h" in judge(shorter).assumption


def test_a_key_that_nobody_uses_is_safe_by_the_window_alone() -> None:
    assessment = judge(replace(clean(), callers=(), declared_consumers=()))
    assert assessment.verdict is SAFE
    assert any("used by nobody" in reason.detail for reason in assessment.reasons)


@pytest.mark.parametrize(
    "damage",
    [
        with_gap(Gap("api-1", GapKind.SILENT, NOON - 4 * DAY, NOON - 3 * DAY)),
        with_source(window=Window(NOON - 3 * DAY, NOON)),
    ],
)
def test_completing_asks_for_the_whole_time_since_the_hand_over(damage: Callable[[Evidence], Evidence]) -> None:
    """Also where the retirement was forced through: what came after it says nothing of who was let in before."""
    evidence = clean(Question.COMPLETE)
    assert judge(evidence).verdict is SAFE
    assert judge(damage(evidence)).verdict is UNKNOWN
