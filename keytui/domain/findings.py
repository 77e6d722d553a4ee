"""How a rule writes a finding down: with its source, count, as-of time and window."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from keytui.domain.verdict import CallerEvidence, Evidence, Finding, Verdict, Window

VAULT = "vault"
"""The source of what is known without asking anyone's traffic."""


def finding(
    evidence: Evidence,
    verdict: Verdict,
    sources: tuple[str, ...],
    detail: str,
    *,
    count: int = 0,
    subject: str = "",
    remedy: str = "",
    window: Window | None = None,
    caller: str = "",
    said_by: tuple[str, ...] = (),
) -> Finding:
    """One finding over the judged window; it is as old as the oldest of its sources.

    `said_by` are the names to show where one of a source's recorders claims it; else the sources'.
    """
    told = [source.as_of for source in evidence.sources if source.name in sources]
    return Finding(
        verdict=verdict,
        source=", ".join(said_by or sources) or "no source",
        detail=detail,
        as_of=min(told, default=evidence.now),
        window=window or Window(window_start(evidence), evidence.now),
        count=count,
        subject=subject,
        remedy=remedy,
        caller=caller,
    )


def window_start(evidence: Evidence) -> datetime:
    """The judged window holds the whole time since the hand-over and the whole quiet window."""
    policy = evidence.policy
    return min(evidence.since, evidence.handed_over, evidence.now - max(policy.quiet, policy.suspension_watch))


def source_names(evidence: Evidence) -> tuple[str, ...]:
    """All sources that speak."""
    return tuple(source.name for source in evidence.sources)


def said_by(entries: Iterable[CallerEvidence]) -> tuple[str, ...]:
    """Who claims what is said of a caller: the recorder that saw its last use of the old version, or the source."""
    return tuple(sorted({_witness(entry) for entry in entries}))


def _witness(entry: CallerEvidence) -> str:
    sighting = entry.old or entry.new
    return f"recorder {sighting.recorder}" if sighting is not None and sighting.recorder else entry.source


def relied_on(evidence: Evidence) -> frozenset[str]:
    """Names of the sources whose word may speak for SAFE: they tell versions apart and no outsider writes them."""
    doubtful = {source.name for source in evidence.sources if source.forgeable or not source.attributable}
    return frozenset(source_names(evidence)) - doubtful


def in_future(evidence: Evidence, at: datetime) -> bool:
    """Whether a time lies ahead of now by more than clocks may differ."""
    return at > evidence.now + evidence.policy.clock_skew


def utc(at: datetime) -> str:
    """A time to the second, as details and subjects write it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def hourly(rate: float) -> str:
    """A rate as details write it; a weekly job's is a small fraction."""
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"
