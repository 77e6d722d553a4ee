"""What a system itself said of a version, as the vault keeps it in the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keytui.domain.audit import AuditEntry
from keytui.probes.key_probe import Outcome

PROBED: Final = "proof.probed"
"""The type of the log's entries that keep such a word."""


@dataclass(frozen=True, slots=True)
class Probed:
    """One probe, asked with one version's secret. `said` is in words, harmless and without that."""

    probe: str
    version: int
    expected: Outcome
    """As the vault had it when the system was asked."""
    outcome: Outcome
    said: str
    after: timedelta
    """From the first question until this answer."""


@dataclass(frozen=True, slots=True)
class LastWord:
    """The newest answer of one probe on one version, from the log. `expected` is what the vault had it to be then."""

    probe: str
    version: int
    expected: str
    outcome: str
    said: str
    at: datetime

    @property
    def holds(self) -> bool:
        """Whether the system did as the vault said."""
        return self.outcome == self.expected

    @property
    def still_accepted(self) -> bool:
        """Whether it let in what was over."""
        return not self.holds and self.outcome == Outcome.ACCEPTED


def last_words(entries: Iterable[AuditEntry], rotation_id: int) -> tuple[LastWord, ...]:
    """What each probe said last of each of a rotation's versions, from entries of the log, newest first."""
    found: dict[tuple[str, int], LastWord] = {}
    for entry in entries:
        if entry.event.type != PROBED or entry.event.rotation_id != rotation_id:
            continue
        told = entry.event.details
        word = LastWord(
            probe=told.get("probe", ""),
            version=entry.event.version or 0,
            expected=told.get("expected", ""),
            outcome=told.get("outcome", ""),
            said=told.get("said", ""),
            at=entry.at,
        )
        found.setdefault((word.probe, word.version), word)
    return tuple(found.values())


def of_version(words: Iterable[LastWord], version: int | None) -> tuple[LastWord, ...]:
    """Those on one version."""
    return tuple(word for word in words if word.version == version)
