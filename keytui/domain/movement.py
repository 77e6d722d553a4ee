"""Who has moved: each caller of the old version, over all sources that saw it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from keytui.domain.findings import relied_on
from keytui.domain.policy import Policy
from keytui.domain.usage import Caller
from keytui.domain.verdict import CallerEvidence, Evidence

ABOUT: Final = 0.5
"""The part of its former rate at which a caller has moved. Days differ from nights by about this much; a caller that
has moved by half only is still seen on the old version, which is asked separately."""


class Arrival(Enum):
    """Whether a caller has been seen on the new version, after its last use of the old, at about its former rate."""

    NONE = "not seen on the new version at its former rate"
    ATTESTED = "seen there only by sources that cannot be relied on"
    PROVEN = "seen there"


@dataclass(frozen=True, slots=True)
class Movement:
    """One caller of the old version. Where sources differ, the more dangerous word counts."""

    caller: Caller
    sources: tuple[str, ...]
    """Those that saw it on the old version."""
    last_on_old: datetime
    count_on_old: int
    longest_gap: timedelta | None
    """None when a source saw it only once, or all of it at one instant: its period is then unknown."""
    former_rate: float
    new_rate: float
    arrival: Arrival

    def silence_needed(self, policy: Policy) -> timedelta:
        """How long it must be silent on the old version to have left it."""
        return max(policy.quiet, 2 * (self.longest_gap or timedelta()))


def movements(evidence: Evidence) -> tuple[Movement, ...]:
    """Every caller that any source saw on the old version, by name."""
    solid = relied_on(evidence)
    seen: dict[tuple[str, bool], list[CallerEvidence]] = defaultdict(list)
    for entry in evidence.callers:
        seen[entry.caller.name, entry.caller.declared].append(entry)
    found = (_movement(seen[caller], solid) for caller in sorted(seen))
    return tuple(movement for movement in found if movement is not None)


def _movement(entries: list[CallerEvidence], solid: frozenset[str]) -> Movement | None:
    on_old = [(entry, entry.old) for entry in entries if entry.old is not None]
    if not on_old:
        return None
    last_on_old = max(old.last_seen for _, old in on_old)
    gaps = [entry.longest_gap for entry, _ in on_old]
    known = [gap for gap in gaps if gap is not None and gap > timedelta()]
    return Movement(
        caller=on_old[0][0].caller,
        sources=tuple(sorted({entry.source for entry, _ in on_old})),
        last_on_old=last_on_old,
        count_on_old=sum(old.count for _, old in on_old),
        longest_gap=max(known) if len(known) == len(gaps) else None,
        former_rate=sum(entry.former_rate for entry in entries),
        new_rate=sum(entry.new_rate for entry in entries),
        arrival=_arrival(entries, solid, last_on_old),
    )


def _arrival(entries: list[CallerEvidence], solid: frozenset[str], last_on_old: datetime) -> Arrival:
    if not _arrived(entries, last_on_old):
        return Arrival.NONE
    proof = [entry for entry in entries if entry.source in solid]
    return Arrival.PROVEN if _arrived(proof, last_on_old) else Arrival.ATTESTED


def _arrived(entries: Iterable[CallerEvidence], last_on_old: datetime) -> bool:
    """Written so that a rate that is not a number counts as no arrival."""
    entries = tuple(entries)
    new_rate = sum(entry.new_rate for entry in entries)
    after = any(entry.new is not None and entry.new.last_seen > last_on_old for entry in entries)
    return after and new_rate > 0 and new_rate >= ABOUT * sum(entry.former_rate for entry in entries)
