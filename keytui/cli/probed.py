"""What systems said of a rotation's versions when probes asked them, as the log keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from keytui.cli.times import iso, minute
from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Forbidden

if TYPE_CHECKING:
    from keytui.vault.protocol import Vault

_MOST_ANSWERS: Final = 200
_ACCEPTED: Final = "accepted"


@dataclass(frozen=True, slots=True)
class LastWord:
    """The newest answer of one probe on one version; `expected` is what the vault had it to be then."""

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
        return not self.holds and self.outcome == _ACCEPTED

    def line(self) -> str:
        """For an operator."""
        told = self.outcome if self.holds else f"{self.outcome} and not {self.expected}"
        if self.still_accepted:
            told = "STILL ACCEPTED, although it was over"
        return f"  v{self.version} at {self.probe}: {told} ({self.said}), {minute(self.at)}"

    def shape(self) -> dict[str, object]:
        """For programs."""
        return {
            "probe": self.probe,
            "version": self.version,
            "expected": self.expected,
            "outcome": self.outcome,
            "said": self.said,
            "at": iso(self.at),
            "holds": self.holds,
        }


def last_words(vault: Vault, key_id: str, rotation_id: int) -> tuple[LastWord, ...] | None:
    """What each probe said last of each of a rotation's versions, newest first; None for whoever may not read that."""
    try:
        entries = vault.audit(AuditFilter(type="proof.probed", key_id=key_id), 0, _MOST_ANSWERS).entries
    except Forbidden:
        return None
    own = [entry for entry in entries if entry.event.rotation_id == rotation_id]
    found: dict[tuple[str, int], LastWord] = {}
    for entry in own:
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
