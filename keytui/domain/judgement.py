"""The judgement: evidence in, verdict and findings out. One function a rule; the most dangerous finding decides.

Never waivable, because they speak of what happens now or leave nothing to stand on: fresh use of the old version,
attempts with a suspended one, a window that has not passed, no sound source, times in the future, a new version that
nobody has proven, and no word about refusals. Past those leads only the typed override of a retirement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from keytui.domain import caller_rules, source_rules
from keytui.domain.durations import long
from keytui.domain.findings import VAULT, finding, hourly, in_future, said_by, source_names, utc
from keytui.domain.movement import Movement, movements
from keytui.domain.reports import SourceKind
from keytui.domain.rotation import Waiver
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.domain.verdict import Assessment, Evidence, Finding, Question, Verdict


def judge(evidence: Evidence) -> Assessment:
    """The verdict on the evidence, with every finding: the most dangerous first, those that were waived last.

    SAFE carries the findings that it rests on, and its assumption in words.
    """
    found = tuple(_waived(evidence, each) for rule in RULES for each in rule(evidence))
    standing = {each.verdict for each in found if not each.waived_by}
    for verdict in (Verdict.NOT_SAFE, Verdict.UNKNOWN):
        if verdict in standing:
            return Assessment(verdict, evidence.question, evidence.now, _by_danger(found))
    set_aside = frozenset(each.subject for each in found)
    reasons = (*_grounds(evidence, set_aside), *found)
    return Assessment(Verdict.SAFE, evidence.question, evidence.now, reasons, _assumption(evidence, set_aside))


def _by_danger(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(sorted(found, key=lambda each: (bool(each.waived_by), each.verdict is not Verdict.NOT_SAFE)))


def _waived(evidence: Evidence, found: Finding) -> Finding:
    for waiver in evidence.waivers:
        if found.subject and waiver.subject == found.subject and _knew(evidence, waiver):
            return replace(found, waived_by=waiver.actor)
    return found


def _knew(evidence: Evidence, waiver: Waiver) -> bool:
    """A waiver sets aside what was known when it was given, not a caller that came back to the old version since."""
    came_back = any(
        entry.caller.name == waiver.subject and entry.old is not None and entry.old.last_seen > waiver.at
        for entry in evidence.callers
    )
    return not came_back and not in_future(evidence, waiver.at)


def window_open(evidence: Evidence) -> Iterator[Finding]:
    """The window has not passed. Never waivable."""
    policy = evidence.policy
    needed, since = (
        (policy.quiet, "the hand-over")
        if evidence.question is Question.RETIRE
        else (policy.suspension_watch, "the suspension")
    )
    passed = evidence.now - evidence.since
    if passed < needed:
        yield finding(
            evidence,
            Verdict.UNKNOWN,
            (VAULT,),
            f"{long(passed)} of {long(needed)} since {since} have passed",
            remedy=f"wait {long(needed - passed)} more",
        )


def unproven(evidence: Evidence) -> Iterator[Finding]:
    """Nobody has shown that the new version works. Never waivable."""
    if not evidence.new_proven:
        yield finding(
            evidence,
            Verdict.UNKNOWN,
            (VAULT,),
            "the new version has never been accepted, and nobody has proven to hold it",
            remedy="send one request with the new secret, or paste it back at the hand-over",
        )


def fallbacks(evidence: Evidence) -> Iterator[Finding]:
    """A place that would accept the old value whatever becomes of its version here."""
    for place in evidence.legacy_fallbacks:
        yield finding(
            evidence,
            Verdict.UNKNOWN,
            (VAULT,),
            f"{place} would still accept the old value, whatever becomes of its version here",
            subject=f"fallback: {place}",
            remedy="put another value there and restart the service, then ask again; or waive it",
        )


def risen_refusals(evidence: Evidence) -> Iterator[Finding]:
    """Any rise counts; a waiver covers those that there were when it was given."""
    for entry in evidence.refusals:
        if not entry.after <= entry.before:  # so that a rate that is not a number counts as a rise
            yield finding(
                evidence,
                Verdict.UNKNOWN,
                (entry.source,),
                f"refusals rose from {hourly(entry.before)} to {hourly(entry.after)} an hour: a wrong value may be out",
                count=entry.count_after,
                subject=f"refusals: {entry.source} {entry.count_after} since the change",
                remedy="see in the key's usage who is refused, and correct it there; or waive those there were",
            )


def unknown_refusals(evidence: Evidence) -> Iterator[Finding]:
    """Nobody would see a rise. Never waivable."""
    counting = {source.name for source in evidence.sources if source_rules.whole(evidence, source)}
    if not any(entry.source in counting for entry in evidence.refusals):
        yield finding(
            evidence,
            Verdict.UNKNOWN,
            source_names(evidence),
            "no sound source says how many requests are refused, so a rise would not show",
            remedy=_way_to_refusals(evidence),
        )


def _way_to_refusals(evidence: Evidence) -> str:
    if evidence.refusals and (mending := source_rules.first_remedy(evidence)):
        return mending
    way = "let a source that records refusals report on this key"
    if any(source.kind is SourceKind.ACCESS_LOG for source in evidence.sources):
        way += "; a log does once it has shown a 401 or 403: send one request with a wrong key through it"
    return way


Rule = Callable[[Evidence], Iterator[Finding]]

RULES: Final[tuple[Rule, ...]] = (
    caller_rules.fresh_use,
    caller_rules.use_while_suspended,
    caller_rules.refused_on_old,
    caller_rules.unmoved,
    caller_rules.absent_consumers,
    caller_rules.overflow,
    window_open,
    unproven,
    fallbacks,
    risen_refusals,
    unknown_refusals,
    source_rules.no_sound_source,
    source_rules.flawed_sources,
    source_rules.missing_sources,
    source_rules.gaps,
    source_rules.future_times,
)


def _grounds(evidence: Evidence, set_aside: frozenset[str]) -> Iterator[Finding]:
    """What SAFE rests on, one line a thing; what was waived is no ground."""
    for source in evidence.sources:
        seen = sum(entry.source == source.name and entry.caller != UNKNOWN_CALLER for entry in evidence.callers)
        trust = "; it could be forged and was not counted on" if source.forgeable else ""
        knows = f" and knows {seen} callers" if seen else ""
        detail = f"has watched for {long(evidence.now - source.window.start)}{knows}{trust}"
        yield finding(evidence, Verdict.SAFE, (source.name,), detail, count=seen, window=source.window)
    moved = movements(evidence)
    last = max((movement.last_on_old for movement in moved), default=None)
    quiet = f"was last used at {utc(last)}" if last else "was used by nobody in that time"
    watching = tuple(source.name for source in evidence.sources if source_rules.shows_the_key(evidence, source))
    yield finding(evidence, Verdict.SAFE, watching, f"the old version {quiet}")
    for movement in moved:
        if movement.caller.name not in set_aside:
            yield _moved(evidence, movement)
    yield finding(evidence, Verdict.SAFE, (VAULT,), "the new version was accepted, or its possession proven")
    for entry in evidence.refusals:
        if entry.after <= entry.before:
            detail = (
                f"refusals did not rise: {hourly(entry.before)} an hour before the change, {hourly(entry.after)} since"
            )
            yield finding(evidence, Verdict.SAFE, (entry.source,), detail, count=entry.count_after)


def _moved(evidence: Evidence, movement: Movement) -> Finding:
    """By the word of the source that saw it most; where others put it otherwise, they saw it arrive too."""
    most = max(movement.entries, key=lambda entry: entry.new_rate)
    sources = tuple(sorted({entry.source for entry in movement.entries}))
    detail = (
        f"{movement.caller.name} left the old version {long(evidence.now - movement.last_on_old)} ago and makes"
        f" {hourly(most.new_rate)} requests an hour with the new one, {hourly(most.former_rate)} before"
    )
    return finding(
        evidence,
        Verdict.SAFE,
        sources,
        detail,
        count=movement.count_on_old,
        caller=movement.caller.name,
        said_by=said_by(movement.entries),
    )


def _assumption(evidence: Evidence, set_aside: frozenset[str]) -> str:
    """How far back the sources that carry the verdict have seen all, and so how rare a job must be to escape it."""
    solid = [source for source in evidence.sources if source_rules.sound(evidence, source)]
    blind_until = [gap.end for gap in evidence.gaps if gap.end is not None]
    start = max([*(source.window.start for source in solid), *blind_until])
    covered = long(evidence.now - start)
    names = ", ".join(source.name for source in solid)
    parts = [f"{names} saw every use since {utc(start)}: silent periods of up to {covered} are covered."]
    moved = movements(evidence)
    if silences := [movement.silence_needed(evidence.policy) for movement in moved]:
        known = "Every caller known from that time" + (", unless waived," if set_aside else "")
        parts.append(f"{known} was silent for twice its longest pause ({long(max(silences))} at most).")
        parts.append("One process among several of a caller's that comes less often than that would escape this.")
    parts.append(f"A job that comes less often than every {covered}, and has not come since, would escape this.")
    if shared := [evidence.now - movement.last_on_old for movement in moved if movement.caller.shared_possible]:
        rarest = f"So would a program that comes less often than every {long(min(shared))}"
        parts.append(f"{rarest} behind a caller that declares no name.")
    if set_aside:
        parts.append(f"Set aside by name: {'; '.join(sorted(set_aside))}.")
    return " ".join(parts)
