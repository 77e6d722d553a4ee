"""Who has moved: each caller of the old version, over all sources that saw it.

Sources see the same requests, so their counts and rates are never added: each one's word stands for itself, and the
more dangerous word counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
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
WEEK: Final = timedelta(days=7)
"""Whoever was seen at both ends of a week was seen over a weekend: its longest pause is no shorter than that."""


class Arrival(Enum):
    """Whether a caller has been seen on the new version, after its last use of the old, at about its former rate."""

    NONE = "not seen on the new version at its former rate"
    ATTESTED = "seen there only by sources that cannot be relied on"
    PROVEN = "seen there"


@dataclass(frozen=True, slots=True)
class Movement:
    """One caller of the old version. Where sources differ, the more dangerous word counts."""

    caller: Caller
    entries: tuple[CallerEvidence, ...]
    """What each source says of it, on either version."""
    last_on_old: datetime
    count_on_old: int
    """As many as the source that saw the most; others saw the same ones."""
    longest_gap: timedelta | None
    """None when a source saw it only once, or all of it at one instant: its period is then unknown."""
    arrival: Arrival
    known_for: timedelta
    """How long a source that can be relied on had seen it when it left the old version; of several, the longest."""

    @property
    def on_old(self) -> tuple[CallerEvidence, ...]:
        """Of those that saw it on the old version."""
        return tuple(entry for entry in self.entries if entry.old is not None)

    def silence_needed(self, policy: Policy) -> timedelta:
        """How long it must be silent on the old version to have left it."""
        return max(policy.quiet, 2 * (self.longest_gap or timedelta()))

    def first_silence(self, policy: Policy) -> timedelta:
        """The least silence of one that left before a week of it was recorded: its pauses show no weekend yet."""
        return policy.first_silence if self.known_for < WEEK else timedelta()

    def silence_watched(self, policy: Policy) -> timedelta:
        """How long its silence must have been watched, whichever rule asks for the longest."""
        shared = policy.shared_silence if self.caller.shared_possible else timedelta()
        return max(self.silence_needed(policy), self.first_silence(policy), shared)


def movements(evidence: Evidence) -> tuple[Movement, ...]:
    """Every caller that any source saw on the old version, by name."""
    solid = relied_on(evidence)
    seen: dict[tuple[str, bool], list[CallerEvidence]] = defaultdict(list)
    for entry in evidence.callers:
        seen[entry.caller.name, entry.caller.declared].append(entry)
    found = (_movement(seen[caller], solid) for caller in sorted(seen))
    return tuple(movement for movement in found if movement is not None)


def arrived(entry: CallerEvidence, last_on_old: datetime) -> bool:
    """Whether a source saw the caller arrive at about the rate at which it saw it before.

    Written so that a rate that is not a number counts as no arrival.
    """
    after = entry.new is not None and entry.new.last_seen > last_on_old
    return after and entry.new_rate > 0 and entry.new_rate >= ABOUT * entry.former_rate


def seen_once(entry: CallerEvidence) -> bool:
    """Whether a source saw the caller only once, or all of it at one instant."""
    return entry.longest_gap is None or entry.longest_gap <= timedelta()


def _movement(entries: list[CallerEvidence], solid: frozenset[str]) -> Movement | None:
    on_old = [entry.old for entry in entries if entry.old is not None]
    if not on_old:
        return None
    last_on_old = max(old.last_seen for old in on_old)
    return Movement(
        caller=next(entry.caller for entry in entries if entry.old is not None),
        entries=tuple(entries),
        last_on_old=last_on_old,
        count_on_old=max(old.count for old in on_old),
        longest_gap=_longest_gap(entries),
        arrival=_arrival(entries, solid, last_on_old),
        known_for=max((_known_for(entry) for entry in entries if entry.source in solid), default=timedelta()),
    )


def _known_for(entry: CallerEvidence) -> timedelta:
    if entry.old is None:
        return timedelta()
    return entry.old.last_seen - (entry.known_since or entry.old.first_seen)


def _longest_gap(entries: Sequence[CallerEvidence]) -> timedelta | None:
    """A pause that lies between what one source saw and what another saw is in nobody's own word, and counts too."""
    own = [entry.longest_gap for entry in entries if entry.longest_gap is not None]
    if any(seen_once(entry) for entry in entries if entry.old is not None):
        return None
    seen = [sighting for entry in entries for sighting in (entry.old, entry.new) if sighting is not None]
    seen.sort(key=lambda sighting: sighting.first_seen)
    until = seen[0].last_seen
    for sighting in seen:
        own.append(sighting.first_seen - until)
        until = max(until, sighting.last_seen)
    return max(own)


def _arrival(entries: Sequence[CallerEvidence], solid: frozenset[str], last_on_old: datetime) -> Arrival:
    """Every source that saw it leave must see it arrive; and one alone must see as much as any saw before."""
    if not all(arrived(entry, last_on_old) for entry in entries if entry.old is not None):
        return Arrival.NONE
    proof = [
        entry
        for entry in entries
        if arrived(entry, last_on_old) and all(entry.new_rate >= ABOUT * other.former_rate for other in entries)
    ]
    if not proof:
        return Arrival.NONE
    return Arrival.PROVEN if any(entry.source in solid for entry in proof) else Arrival.ATTESTED
