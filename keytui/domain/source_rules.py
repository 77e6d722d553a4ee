"""The rules about sources: what they cannot tell, where they were blind, and whether their clocks can be believed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from keytui.domain.durations import long
from keytui.domain.findings import finding, in_future, source_names, utc, window_start
from keytui.domain.gaps import Gap, GapKind
from keytui.domain.movement import movements
from keytui.domain.reports import SourceKind
from keytui.domain.verdict import Evidence, Finding, Source, Verdict, Window


def sound(evidence: Evidence, source: Source) -> bool:
    """Whether a source could carry a verdict alone: it is whole, and a use of this key would show there."""
    return shows_the_key(evidence, source) and whole(evidence, source)


def shows_the_key(evidence: Evidence, source: Source) -> bool:
    """Whether a use of the key would show. A recorder sees what its verifier let in; others must have seen it once."""
    seen = any(entry.source == source.name for entry in evidence.callers)
    return source.kind is SourceKind.RECORDER or (source.sees_uses and seen)


def whole(evidence: Evidence, source: Source) -> bool:
    """Whether a source has no flaw in what it does tell: no outsider writes it, and it misses nothing of the window."""
    return not source.forgeable and not any(flaw(evidence, source) for flaw in _FLAWS)


def no_sound_source(evidence: Evidence) -> Iterator[Finding]:
    """Nothing to stand on. Never waivable."""
    if any(sound(evidence, source) for source in evidence.sources):
        return
    forgeable = [source.name for source in evidence.sources if source.forgeable]
    remedy = "let every service that accepts this key run keytui's Verifier, whose recorder reports here"
    if not any(source.sees_uses for source in evidence.sources):
        detail = "nothing records who uses this key"
    elif not any(shows_the_key(evidence, source) for source in evidence.sources):
        detail = "no source has ever shown a use of this key, so that none may mean that none is seen"
    elif forgeable:
        detail = f"an outsider could have forged {', '.join(forgeable)}, and no sound source stands beside it"
    else:
        detail, remedy = "no source is whole", first_remedy(evidence) or remedy
    yield finding(evidence, Verdict.UNKNOWN, source_names(evidence), detail, remedy=remedy)


def first_remedy(evidence: Evidence) -> str:
    """What would mend the first thing that some source lacks; nothing when none lacks any."""
    found = (flaw(evidence, source) for source in evidence.sources for flaw in _FLAWS)
    return next((remedy for _, remedy in filter(None, found)), "")


def flawed_sources(evidence: Evidence) -> Iterator[Finding]:
    """What a source lacks is listed even where another is sound: it may be the only one to see some service."""
    for source in evidence.sources:
        for flaw in _FLAWS:
            if found := flaw(evidence, source):
                detail, remedy = found
                yield finding(
                    evidence,
                    Verdict.UNKNOWN,
                    (source.name,),
                    detail,
                    window=source.window,
                    subject=f"source: {source.name} {detail}",
                    remedy=f"{remedy}; or waive it",
                )


def _unattributable(_: Evidence, source: Source) -> tuple[str, str] | None:
    if source.attributable or not source.sees_uses:
        return None
    return "does not tell keys and versions apart", "let it note the key's id and version with each request"


def _stale(evidence: Evidence, source: Source) -> tuple[str, str] | None:
    if evidence.now - source.as_of <= _oldest_word(evidence, source):
        return None
    return f"spoke last at {utc(source.as_of)}", _ASK_AGAIN[source.kind]


def _begins_late(evidence: Evidence, source: Source) -> tuple[str, str] | None:
    if source.window.start <= window_start(evidence):
        return None
    return f"saw nothing before {utc(source.window.start)}", "wait until it has seen a whole window"


def _ends_early(evidence: Evidence, source: Source) -> tuple[str, str] | None:
    """Where it ends with its last word, that is stale and is said so."""
    if evidence.now - source.window.end <= _oldest_word(evidence, source) or source.window.end >= source.as_of:
        return None
    return f"saw nothing after {utc(source.window.end)}", _ASK_AGAIN[source.kind]


def _oldest_word(evidence: Evidence, source: Source) -> timedelta:
    policy = evidence.policy
    return policy.evidence_as_of if source.kind is SourceKind.RECORDER else policy.asked_as_of


_ASK_AGAIN: Final = {
    SourceKind.RECORDER: "see whether its process is alive and reaches the vault",
    SourceKind.ACCESS_LOG: "run `keytui ingest FILE` again, or leave it running with `--follow`",
    SourceKind.COUNTERS: "run `keytui probe` again",
    SourceKind.LAST_USED: "run `keytui probe` again",
    SourceKind.REFUSALS: "run `keytui probe` again",
}
_FLAWS: Final = (_unattributable, _stale, _begins_late, _ends_early)


def missing_sources(evidence: Evidence) -> Iterator[Finding]:
    """Sources that are expected, or that are said to have seen something, and do not speak."""
    quoted = {entry.source for entry in evidence.callers} | {entry.source for entry in evidence.refusals}
    for name in sorted({*quoted, *evidence.expected_sources}.difference(source_names(evidence))):
        yield finding(
            evidence,
            Verdict.UNKNOWN,
            (name,),
            "is expected to report and does not",
            subject=f"source: {name} missing",
            remedy="start it again, or see why it no longer reports; or waive it",
        )


def gaps(evidence: Evidence) -> Iterator[Finding]:
    """A stretch that a source did not see and that reaches into what the verdict looks at."""
    horizon = _horizon(evidence)
    for gap in evidence.gaps:
        # One that ends before it starts was written by a broken clock: it may be anywhere.
        if gap.end is None or gap.end >= horizon or gap.end < gap.start:
            yield finding(
                evidence,
                Verdict.UNKNOWN,
                (gap.source,),
                f"{gap.kind}, from {utc(gap.start)} to {utc(gap.end) if gap.end else 'now'}: what came then is unknown",
                count=gap.count,
                window=Window(gap.start, gap.end or evidence.now),
                subject=gap_subject(gap),
                remedy=f"{_over(gap)}; or, if nobody can have come then, waive it",
            )


def _over(gap: Gap) -> str:
    """What has to happen until a gap no longer matters."""
    if gap.end is None:
        return f"{_TO_CLOSE.get(gap.kind, 'see why it does not report')}, then wait for a whole window"
    return "wait until it has recorded a whole window"


_TO_CLOSE: Final = {
    GapKind.SILENT: "start its process again, or see why it does not reach the vault",
    GapKind.ABSENT_SERIES: "let the service export the series with this key and version, and ask again",
}


def gap_subject(gap: Gap) -> str:
    """The name by which a gap is waived: one that begins anew, or that has lost more, is another gap."""
    lost = f" ({gap.count})" if gap.count else ""
    return f"gap: {gap.source} {gap.kind} {utc(gap.start)}{lost}"


def _horizon(evidence: Evidence) -> datetime:
    """How far back the verdict looks: the window, and the silence that it asks of every caller."""
    needed = [movement.silence_watched(evidence.policy) for movement in movements(evidence)]
    return min(window_start(evidence), *(evidence.now - silence for silence in needed), evidence.since)


def future_times(evidence: Evidence) -> Iterator[Finding]:
    """A source whose clock is ahead proves nothing about what came after what. Never waivable."""
    for source in evidence.sources:
        latest = _latest(evidence, source)
        if in_future(evidence, latest):
            yield finding(
                evidence,
                Verdict.UNKNOWN,
                (source.name,),
                f"speaks of a time {long(latest - evidence.now)} ahead of the vault's clock",
                remedy="set the clocks of its host and the vault's, then let a whole window pass",
            )


def _latest(evidence: Evidence, source: Source) -> datetime:
    seen = [
        sighting.last_seen
        for entry in evidence.callers
        if entry.source == source.name
        for sighting in (entry.old, entry.new)
        if sighting is not None
    ]
    return max(source.as_of, source.window.start, source.window.end, *seen)
