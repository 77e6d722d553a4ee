"""What a system itself said of a version, as the vault keeps it in the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from keytui.probes.key_probe import Outcome


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
