"""Several sources that see the same requests: nothing is added up, the more dangerous word counts, all are named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytui.domain.gaps import Gap, GapKind
from keytui.domain.judgement import judge
from keytui.domain.movement import movements
from keytui.domain.reports import SourceKind
from keytui.domain.usage import UNKNOWN_CALLER, Caller
from keytui.domain.verdict import (
    CallerEvidence,
    Evidence,
    Finding,
    Question,
    Refusals,
    Sighting,
    Source,
    Verdict,
)
from tests.unit.domain.evidence import DAY, HOUR, clean, moved, source
from tests.unit.domain.test_judgement_properties import DAMAGES, DANGER, complete
from tests.world import NOON

SECOND = timedelta(seconds=1)
LOG = source("log edge")
LOGGED = replace(LOG, kind=SourceKind.ACCESS_LOG)


def told(*callers: CallerEvidence, beside: Source = LOGGED) -> Evidence:
    """A recorder and a log, and what they say of callers."""
    return replace(clean(), sources=(source(), beside), callers=callers, declared_consumers=())


def logged(entry: CallerEvidence) -> CallerEvidence:
    return replace(entry, source=LOG.name)


def only_finding(evidence: Evidence) -> Finding:
    (found,) = judge(evidence).reasons
    return found


def test_what_two_sources_saw_is_not_added_up() -> None:
    evidence = told(moved("web-1"), logged(moved("web-1")))
    (movement,) = movements(evidence)
    assert movement.count_on_old == 900
    assessment = judge(evidence)
    assert assessment.verdict is Verdict.SAFE
    (ground,) = [reason for reason in assessment.reasons if reason.caller == "web-1"]
    assert (ground.source, ground.count) == ("api-1, log edge", 900)
    assert "41 requests an hour with the new one, 40 before" in ground.detail


def test_two_halves_of_an_arrival_are_none() -> None:
    """Each saw it come back at a third of its rate: added up that would look like a move."""
    third = moved("web-1", former=30, new=10)
    found = only_finding(told(third, logged(third)))
    assert (found.verdict, found.source) == (Verdict.NOT_SAFE, "api-1, log edge")


def test_one_source_that_saw_it_leave_only_and_one_that_saw_it_arrive_only_disagree() -> None:
    left = replace(moved("cron"), new=None, new_rate=0.0)
    came = replace(moved("cron"), old=None, former_rate=0.0)
    found = only_finding(told(left, logged(came)))
    assert (found.verdict, found.source, found.subject) == (Verdict.NOT_SAFE, "api-1", "cron")
    assert found.detail.endswith("(0 requests an hour there, 40 before); log edge saw it there")


def test_an_arrival_is_measured_against_the_most_that_any_source_saw_before() -> None:
    """The recorder saw a corner of it, and all of that corner moved."""
    corner, whole = moved("web-1", former=2, new=2), logged(moved("web-1", former=90, new=46))
    assert judge(told(corner, whole)).verdict is Verdict.SAFE
    assert judge(told(corner, replace(whole, new_rate=44.0))).verdict is Verdict.NOT_SAFE
    forgeable = replace(LOGGED, forgeable=True)
    assert judge(told(corner, whole, beside=forgeable)).verdict is Verdict.UNKNOWN


def test_a_key_seen_on_the_old_version_by_one_source_alone_still_has_that_caller() -> None:
    fresh = logged(moved("batch", silent=HOUR))
    found = only_finding(told(moved("web-1"), fresh))
    assert (found.verdict, found.source, found.caller) == (Verdict.NOT_SAFE, "log edge", "batch")
    assert "; api-1 saw nothing of it" in found.detail


def test_a_caller_is_one_by_its_declared_name_wherever_it_came_from() -> None:
    here = replace(moved("web-1", silent=HOUR), caller=Caller.called("web-1", "10.0.0.7", "python/3"))
    there = logged(replace(here, caller=Caller.called("web-1", "192.0.2.4")))
    found = only_finding(told(here, there))
    assert found.source == "api-1, log edge"
    assert "saw nothing" not in found.detail


def test_an_address_and_an_agent_agree_between_a_recorder_and_a_log() -> None:
    seen = replace(moved(silent=9 * DAY), caller=Caller.undeclared("10.0.3.7", "curl/8"))
    assert len(movements(told(seen, logged(seen)))) == 1
    other = logged(replace(seen, caller=Caller.undeclared("10.0.3.7", "curl/9")))
    assert len(movements(told(seen, other))) == 2


def test_a_finding_names_the_recorder_that_saw_it_and_its_source_s_time() -> None:
    entry = moved("cron", silent=HOUR, seen_by="recorders api-1, api-2")
    assert entry.old is not None
    entry = replace(entry, old=replace(entry.old, recorder="api-2"))
    both = source("recorders api-1, api-2")
    evidence = replace(clean(), sources=(both,), callers=(entry,), declared_consumers=(), expected_sources=())
    refusals = (Refusals(both.name, 0, 0),)
    found = only_finding(replace(evidence, refusals=refusals))
    assert (found.source, found.as_of) == ("recorder api-2", both.as_of)


def test_a_pause_between_what_two_sources_saw_counts() -> None:
    """The log saw it three weeks ago, the recorder since four days; nobody saw it come in between."""
    early = Sighting(NOON - 24 * DAY, NOON - 21 * DAY, 70)
    before = replace(logged(moved("cron")), old=early, new=None)
    late = replace(moved("cron"), old=Sighting(NOON - 5 * DAY, NOON - 3 * DAY, 9))
    (movement,) = movements(told(late, before))
    assert movement.longest_gap == 16 * DAY
    assert "every 16 d 0 h" in judge(told(late, before)).reasons[0].detail


@pytest.mark.parametrize("short", ["api-1", "log edge"])
def test_whose_pauses_are_longer_is_named_and_whose_are_shorter_too(short: str) -> None:
    both = (moved("web-1", gap=2 * DAY), logged(moved("web-1", gap=2 * DAY)))
    found = only_finding(told(*(replace(each, longest_gap=HOUR) if each.source == short else each for each in both)))
    assert found.source != short
    assert found.detail.endswith(f"; {short} saw shorter pauses")


def test_a_silence_must_be_watched_by_a_source_that_can_be_relied_on() -> None:
    """The log could be forged, and the recorder came after the caller's last use of the old version."""
    entry = logged(moved("10.0.3.7", silent=9 * DAY, declared=False))
    proof = replace(moved("10.0.3.7", declared=False), old=None)
    evidence = told(entry, proof, beside=replace(LOGGED, forgeable=True))
    assert judge(evidence).verdict is Verdict.SAFE
    late = replace(evidence, sources=(source(age=5 * DAY), *evidence.sources[1:]))
    found = only_finding(late)
    assert (found.verdict, found.source, found.subject) == (Verdict.UNKNOWN, "log edge", "10.0.3.7 curl/8")
    assert "no source that can be relied on has watched for so long" in found.detail


def test_a_gap_in_one_source_stays_one_however_whole_another_is() -> None:
    gap = Gap("log edge", GapKind.LOG_ROTATED, NOON - 2 * DAY, NOON - 2 * DAY + HOUR)
    assert judge(told(moved("web-1"), logged(moved("web-1")))).verdict is Verdict.SAFE
    found = only_finding(replace(told(moved("web-1"), logged(moved("web-1"))), gaps=(gap,)))
    assert (found.verdict, found.source) == (Verdict.UNKNOWN, "log edge")


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        (SourceKind.ACCESS_LOG, "`keytui ingest FILE` again"),
        (SourceKind.COUNTERS, "`keytui probe` again"),
        (SourceKind.LAST_USED, "`keytui probe` again"),
        (SourceKind.RECORDER, "whether its process is alive"),
    ],
)
def test_a_stale_source_is_one_finding_that_says_how_to_ask_it_again(kind: SourceKind, command: str) -> None:
    then = NOON - 10 * 60 * SECOND
    stale = replace(LOGGED, kind=kind, as_of=then, window=replace(LOG.window, end=then))
    found = only_finding(told(moved("web-1"), beside=stale))
    assert (found.verdict, found.source) == (Verdict.UNKNOWN, "log edge")
    assert command in found.remedy


def test_a_counter_of_refusals_is_nothing_to_stand_on() -> None:
    counter = replace(source("sentry"), kind=SourceKind.REFUSALS, attributable=False)
    calm = (Refusals("sentry", 3, 2),)
    assert judge(replace(told(moved("web-1"), beside=counter), refusals=calm)).verdict is Verdict.SAFE
    alone = replace(clean(), sources=(counter,), callers=(), refusals=calm, declared_consumers=(), expected_sources=())
    found = only_finding(alone)
    assert found.detail == "nothing records who uses this key"
    risen = judge(replace(told(moved("web-1"), beside=counter), refusals=(Refusals("sentry", 2, 3, 72),)))
    assert risen.verdict is Verdict.UNKNOWN


def test_a_log_that_has_never_shown_the_key_may_be_blind_to_it() -> None:
    unused = replace(clean(), callers=(), declared_consumers=(), expected_sources=())
    refusals = (Refusals(LOG.name, 1, 1),)
    found = only_finding(replace(unused, sources=(LOGGED,), refusals=refusals))
    assert (found.verdict, found.source, found.subject) == (Verdict.UNKNOWN, "log edge", "")
    assert "no source has ever shown a use of this key" in found.detail
    shown = replace(unused, sources=(LOGGED,), refusals=refusals, callers=(logged(moved("web-1")),))
    assert judge(shown).verdict is Verdict.SAFE


def test_a_count_without_callers_does_not_deny_a_caller() -> None:
    counters = replace(source("prometheus"), kind=SourceKind.COUNTERS)
    counted = replace(moved(seen_by="prometheus", silent=HOUR), caller=UNKNOWN_CALLER)
    findings = judge(told(moved("web-1", silent=HOUR), counted, beside=counters)).reasons
    assert [("saw nothing" in found.detail) for found in findings if found.caller == "web-1"] == [False]
    findings = judge(told(moved("web-1", silent=HOUR), beside=counters)).reasons
    assert [("prometheus saw nothing" in found.detail) for found in findings] == [True]


def test_each_source_that_saw_the_suspended_version_refused_says_so_itself() -> None:
    evidence = replace(
        clean(Question.COMPLETE),
        sources=(source(), LOGGED),
        refusals=(Refusals("api-1", 1, 0, 0), Refusals("log edge", 1, 0, 2, on_old=2)),
    )
    found = only_finding(evidence)
    assert (found.verdict, found.source, found.count) == (Verdict.NOT_SAFE, "log edge", 2)


LASTING = sorted(
    name
    for name in DAMAGES
    if name not in {"no source", "all forgeable", "a source lost", "refusals unknown", "consumer never seen"}
)
"""Dangers that no further source can answer for."""


@given(complete(), st.sampled_from(LASTING), st.data())
def test_no_further_source_makes_a_danger_smaller(evidence: Evidence, damage: str, data: st.DataObject) -> None:
    """Whatever it says of whichever callers: its word can only add to what speaks against SAFE."""
    before = DAMAGES[damage](evidence)
    entries = st.builds(
        lambda caller, silent, former, new: replace(
            logged(moved(silent=silent, former=former, new=new)), caller=caller
        ),
        st.sampled_from([entry.caller for entry in before.callers] or [Caller.called("cron")]),
        st.sampled_from((HOUR, 2 * DAY, 9 * DAY, 70 * DAY)),
        st.floats(0, 99),
        st.floats(0, 99),
    )
    further = data.draw(st.lists(entries, max_size=3, unique_by=lambda entry: entry.caller.name))
    beside = replace(before, sources=(*before.sources, LOGGED), callers=(*before.callers, *further))
    assert DANGER[judge(beside).verdict] >= DANGER[judge(before).verdict]
