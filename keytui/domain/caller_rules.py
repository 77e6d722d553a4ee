"""The rules about callers: who still uses the old version, and who has not been seen to leave it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from keytui.domain.durations import long
from keytui.domain.findings import finding, hourly, relied_on, source_names
from keytui.domain.movement import Arrival, Movement, movements
from keytui.domain.verdict import Evidence, Finding, Question, Verdict


def fresh_use(evidence: Evidence) -> Iterator[Finding]:
    """The old version succeeded within the quiet window. Never waivable."""
    quiet_from = evidence.now - evidence.policy.quiet
    for movement in movements(evidence):
        if movement.last_on_old > quiet_from:
            ago = long(evidence.now - movement.last_on_old)
            detail = f"used the old version {ago} ago, {movement.count_on_old} requests in all"
            detail += _dissent(evidence, movement, quiet_from)
            remedy = "give it the new secret, then let it be silent on the old version for the quiet window"
            yield _of(evidence, Verdict.NOT_SAFE, movement, detail, remedy=remedy)


def use_while_suspended(evidence: Evidence) -> Iterator[Finding]:
    """Verifiers take a suspension in within seconds; a later use came past one. Never waivable."""
    taken_in = evidence.since + evidence.policy.clock_skew
    for movement in movements(evidence):
        if evidence.question is Question.COMPLETE and movement.last_on_old > taken_in:
            detail = "was let in with the suspended version: something does not take the suspension in"
            detail += _dissent(evidence, movement, taken_in)
            remedy = "look for a service that answers without its vault, then restore and retire again"
            yield _of(evidence, Verdict.NOT_SAFE, movement, detail, remedy=remedy)


def refused_on_old(evidence: Evidence) -> Iterator[Finding]:
    """Somebody still holds the suspended version. Never waivable."""
    if evidence.question is Question.COMPLETE and evidence.refused_on_old > 0:
        yield finding(
            evidence,
            Verdict.NOT_SAFE,
            source_names(evidence),
            "somebody still sends the suspended version and is refused",
            count=evidence.refused_on_old,
            remedy="find out who in the key's callers; restore the version if their work cannot wait",
        )


def unmoved(evidence: Evidence) -> Iterator[Finding]:
    """At most one finding a caller, so that the list reads as one; the caller's name waives it."""
    for movement in movements(evidence):
        silent = evidence.now - movement.last_on_old
        if silent < evidence.policy.quiet:
            continue
        for rule in (_unknown_period, _long_period, _not_silent_enough, _not_arrived, _badly_attested, _perhaps_shared):
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
        subject=movement.caller.name,
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
        subject=movement.caller.name,
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
        subject=movement.caller.name,
        remedy=f"wait {long(needed - silent)} more; or waive it by name",
    )


def _not_arrived(evidence: Evidence, movement: Movement, silent: timedelta) -> Finding | None:
    if movement.arrival is not Arrival.NONE:
        return None
    rates = f"{hourly(movement.new_rate)} requests an hour there, {hourly(movement.former_rate)} before"
    return _of(
        evidence,
        Verdict.NOT_SAFE,
        movement,
        f"left the old version {long(silent)} ago and has not arrived on the new one ({rates})",
        subject=movement.caller.name,
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
        subject=movement.caller.name,
        remedy="let a recorder in the service see it on the new version; or waive it by name",
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
        subject=movement.caller.name,
        remedy=f"let each program declare its name, or wait {long(needed - silent)} more; or waive it by name",
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
    count = evidence.overflowed_callers
    if count > 0:
        yield finding(
            evidence,
            Verdict.UNKNOWN,
            source_names(evidence),
            f"{count} more requests came from callers that the list had no room for: nobody knows whether they moved",
            count=count,
            subject=f"overflow: {count} requests",
            remedy="let programs declare their names, so that there are fewer callers; or waive them",
        )


def _of(
    evidence: Evidence, verdict: Verdict, movement: Movement, detail: str, *, subject: str = "", remedy: str = ""
) -> Finding:
    return finding(
        evidence,
        verdict,
        movement.sources,
        f"{movement.caller.name} {detail}",
        count=movement.count_on_old,
        subject=subject,
        remedy=remedy,
        caller=movement.caller.name,
    )


def _dissent(evidence: Evidence, movement: Movement, since: datetime) -> str:
    """Sources that disagree are both named; the more dangerous one counts, even if it could be forged."""
    saw = {
        entry.source
        for entry in evidence.callers
        if entry.caller == movement.caller and entry.old is not None and entry.old.last_seen > since
    }
    silent = ", ".join(name for name in source_names(evidence) if name not in saw)
    forgeable = ", ".join(source.name for source in evidence.sources if source.forgeable and source.name in saw)
    disagreement = f"; {silent} saw nothing of it" if silent else ""
    return disagreement + (f"; an outsider could have forged {forgeable}" if forgeable else "")
