"""The rules about callers: who still uses the old version, and who has not been seen to leave it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from keytui.domain.durations import long
from keytui.domain.findings import finding, hourly, relied_on, said_by, source_names
from keytui.domain.movement import Arrival, Movement, arrived, movements, seen_once
from keytui.domain.source_rules import shows_the_key
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.domain.verdict import CallerEvidence, Evidence, Finding, Question, Source, Verdict


def fresh_use(evidence: Evidence) -> Iterator[Finding]:
    """The old version succeeded within the quiet window. Never waivable."""
    quiet_from = evidence.now - evidence.policy.quiet
    for movement in movements(evidence):
        if movement.last_on_old > quiet_from:
            ago = long(evidence.now - movement.last_on_old)
            detail = f"used the old version {ago} ago, {movement.count_on_old} requests in all"
            remedy = "give it the new secret, then let it be silent on the old version for the quiet window"
            yield _seen_after(evidence, movement, quiet_from, detail, remedy)


def use_while_suspended(evidence: Evidence) -> Iterator[Finding]:
    """Verifiers take a suspension in within seconds; a later use came past one. Never waivable."""
    taken_in = evidence.since + evidence.policy.clock_skew
    for movement in movements(evidence):
        if evidence.question is Question.COMPLETE and movement.last_on_old > taken_in:
            detail = "was let in with the suspended version: something does not take the suspension in"
            remedy = "look for a service that answers without its vault, then restore and retire again"
            yield _seen_after(evidence, movement, taken_in, detail, remedy)


def refused_on_old(evidence: Evidence) -> Iterator[Finding]:
    """Somebody still holds the suspended version. Never waivable."""
    for entry in evidence.refusals:
        if evidence.question is Question.COMPLETE and entry.on_old > 0:
            yield finding(
                evidence,
                Verdict.NOT_SAFE,
                (entry.source,),
                "somebody still sends the suspended version and is refused",
                count=entry.on_old,
                remedy="find out who in the key's callers; restore the version if their work cannot wait",
            )


def unmoved(evidence: Evidence) -> Iterator[Finding]:
    """At most one finding a caller, so that the list reads as one; the caller's name waives it."""
    for movement in movements(evidence):
        silent = evidence.now - movement.last_on_old
        if silent < evidence.policy.quiet:
            continue
        for rule in _UNMOVED:
            if found := rule(evidence, movement, silent):
                yield found
                break


def _unknown_period(evidence: Evidence, movement: Movement, silent: timedelta) -> Finding | None:
    if movement.longest_gap is not None:
        return None
    return _of(
        evidence,
        Verdict.UNKNOWN,
        movement,
        f"was seen only once, {long(silent)} ago, so nobody knows when it comes again",
        claimed_by=tuple(entry for entry in movement.on_old if seen_once(entry)),
        otherwise="saw it more often",
        remedy="ask its owner how often it runs, or run it again with the new version; or waive it by name",
    )


def _long_period(evidence: Evidence, movement: Movement, silent: timedelta) -> Finding | None:
    """A retirement is watched since the hand-over; after it, what counts is the silence on the old version."""
    window = evidence.now - evidence.since if evidence.question is Question.RETIRE else silent
    gap = movement.longest_gap or timedelta()
    if gap <= window:
        return None
    return _of(
        evidence,
        Verdict.UNKNOWN,
        movement,
        f"comes as rarely as every {long(gap)}, and {long(window)} have been watched",
        claimed_by=_with_longest_pause(movement),
        otherwise="saw shorter pauses",
        remedy=f"wait {long(gap - window)} more, and see that it runs with the new version; or waive it by name",
    )


def _not_silent_enough(evidence: Evidence, movement: Movement, silent: timedelta) -> Finding | None:
    needed = movement.silence_needed(evidence.policy)
    if silent >= needed:
        return None
    return _of(
        evidence,
        Verdict.NOT_SAFE,
        movement,
        f"has left the old version alone for {long(silent)}; its pauses are such that only {long(needed)} show it",
        claimed_by=_with_longest_pause(movement),
        otherwise="saw shorter pauses",
        remedy=f"wait {long(needed - silent)} more; or waive it by name",
    )


def _not_arrived(evidence: Evidence, movement: Movement, silent: timedelta) -> Finding | None:
    if movement.arrival is not Arrival.NONE:
        return None
    missed = tuple(entry for entry in movement.on_old if not arrived(entry, movement.last_on_old)) or movement.on_old
    there, before = max(entry.new_rate for entry in missed), max(entry.former_rate for entry in movement.entries)
    rates = f"{hourly(there)} requests an hour there, {hourly(before)} before"
    return _of(
        evidence,
        Verdict.NOT_SAFE,
        movement,
        f"left the old version {long(silent)} ago and has not arrived on the new one ({rates})",
        claimed_by=missed,
        otherwise="saw it there",
        remedy="see whether it is still running and holds the new secret; or waive it by name",
    )


def _badly_attested(evidence: Evidence, movement: Movement, _: timedelta) -> Finding | None:
    if movement.arrival is not Arrival.ATTESTED:
        return None
    return _of(
        evidence,
        Verdict.UNKNOWN,
        movement,
        "has moved only by the word of sources that an outsider could forge or that cannot tell versions apart",
        claimed_by=tuple(entry for entry in movement.entries if entry.new is not None),
        otherwise="did not see it there",
        remedy="let a recorder in the service see it on the new version; or waive it by name",
    )


def _unwatched_silence(evidence: Evidence, movement: Movement, _: timedelta) -> Finding | None:
    """Whoever saw it leave may be a source that cannot be relied on, and the one that can may have come later."""
    needed = movement.silence_watched(evidence.policy)
    since, solid = evidence.now - needed, relied_on(evidence)
    watched = (source for source in evidence.sources if source.name in solid and shows_the_key(evidence, source))
    if any(source.window.start <= since for source in watched):
        return None
    return _of(
        evidence,
        Verdict.UNKNOWN,
        movement,
        f"must be silent for {long(needed)}, and no source that can be relied on has watched for so long",
        claimed_by=movement.on_old,
        remedy="wait until a recorder in the service has watched for so long; or waive it by name",
    )


def _perhaps_shared(evidence: Evidence, movement: Movement, silent: timedelta) -> Finding | None:
    needed = evidence.policy.shared_silence
    if not movement.caller.shared_possible or silent >= needed:
        return None
    return _of(
        evidence,
        Verdict.UNKNOWN,
        movement,
        f"declares no name and may hide several programs; silent on the old version for {long(silent)}",
        claimed_by=movement.on_old,
        remedy=f"let each program declare its name, or wait {long(needed - silent)} more; or waive it by name",
    )


def _no_weekend_yet(evidence: Evidence, movement: Movement, silent: timedelta) -> Finding | None:
    """Twice the longest pause of a first working week is less than its weekend."""
    needed = movement.first_silence(evidence.policy)
    if silent >= needed:
        return None
    return _of(
        evidence,
        Verdict.UNKNOWN,
        movement,
        f"was known for {long(movement.known_for)} when it left the old version, too short to have shown a weekend;"
        f" silent on it for {long(silent)}",
        claimed_by=movement.on_old,
        remedy=f"wait {long(needed - silent)} more; or, if it comes on all days of the week, waive it by name",
    )


_UNMOVED: Final = (
    _unknown_period,
    _long_period,
    _not_silent_enough,
    _not_arrived,
    _badly_attested,
    _perhaps_shared,
    _no_weekend_yet,
    _unwatched_silence,
)


def absent_consumers(evidence: Evidence) -> Iterator[Finding]:
    """A declared consumer was never seen on the new version. A forged or vague sighting is none."""
    solid = relied_on(evidence)
    seen = {
        entry.caller.name
        for entry in evidence.callers
        if entry.caller.declared and entry.new is not None and entry.new.count > 0 and entry.source in solid
    }
    for consumer in evidence.declared_consumers:
        if consumer not in seen:
            yield finding(
                evidence,
                Verdict.UNKNOWN,
                source_names(evidence),
                f"{consumer} is named as a consumer of this key and was never seen on the new version",
                subject=consumer,
                remedy="run it once with the new version, or take it off the key's applications; or waive it by name",
            )


def overflow(evidence: Evidence) -> Iterator[Finding]:
    """A caller list that overflowed. More of them is another finding: an earlier waiver does not cover it."""
    for source in evidence.sources:
        count = source.overflowed
        if count > 0:
            yield finding(
                evidence,
                Verdict.UNKNOWN,
                (source.name,),
                f"{count} more requests came from callers that the list had no room for:"
                " nobody knows whether they moved",
                count=count,
                subject=f"overflow: {count} requests",
                remedy="let programs declare their names, so that there are fewer callers; or waive them",
            )


def _with_longest_pause(movement: Movement) -> tuple[CallerEvidence, ...]:
    """Whose word the longest pause is; of one between two sources' words, all of those that saw it leave."""
    own = tuple(entry for entry in movement.entries if entry.longest_gap == movement.longest_gap)
    return own or movement.on_old


def _of(
    evidence: Evidence,
    verdict: Verdict,
    movement: Movement,
    detail: str,
    *,
    claimed_by: tuple[CallerEvidence, ...],
    otherwise: str = "",
    remedy: str,
) -> Finding:
    """One that the caller's name waives. The sources that know the caller and say `otherwise` are named too."""
    claimants = {entry.source for entry in claimed_by}
    others = [entry for entry in movement.entries if entry.source not in claimants]
    dissent = f"; {', '.join(said_by(others))} {otherwise}" if others and otherwise else ""
    return _about(
        evidence, verdict, movement, detail + dissent, claimed_by, subject=movement.caller.name, remedy=remedy
    )


def _seen_after(evidence: Evidence, movement: Movement, since: datetime, detail: str, remedy: str) -> Finding:
    """Sources that disagree are all named; the more dangerous one counts, even if it could be forged."""
    saw = tuple(entry for entry in movement.on_old if _used_old_after(entry, since))
    names = {entry.source for entry in saw}
    silent = ", ".join(
        source.name for source in evidence.sources if source.name not in names and _would_know(evidence, source, since)
    )
    detail += f"; {silent} saw nothing of it" if silent else ""
    forgeable = ", ".join(source.name for source in evidence.sources if source.forgeable and source.name in names)
    detail += f"; an outsider could have forged {forgeable}" if forgeable else ""
    return _about(evidence, Verdict.NOT_SAFE, movement, detail, saw, remedy=remedy)


def _would_know(evidence: Evidence, source: Source, since: datetime) -> bool:
    """Whether a source that did not name a caller denies it: one that names none may have counted it."""
    unnamed = (entry for entry in evidence.callers if entry.source == source.name and entry.caller == UNKNOWN_CALLER)
    return source.sees_uses and not any(_used_old_after(entry, since) for entry in unnamed)


def _used_old_after(entry: CallerEvidence, since: datetime) -> bool:
    return entry.old is not None and entry.old.last_seen > since


def _about(
    evidence: Evidence,
    verdict: Verdict,
    movement: Movement,
    detail: str,
    claimed_by: tuple[CallerEvidence, ...],
    *,
    subject: str = "",
    remedy: str,
) -> Finding:
    return finding(
        evidence,
        verdict,
        tuple(sorted({entry.source for entry in claimed_by})),
        f"{movement.caller.name} {detail}",
        count=movement.count_on_old,
        subject=subject,
        remedy=remedy,
        caller=movement.caller.name,
        said_by=said_by(claimed_by),
    )
