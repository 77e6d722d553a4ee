"""Policy: what each environment expects of its keys. Where the runbooks disagree on numbers: docs/decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from keytui.domain.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Policy:
    """The expectations of one environment."""

    rotation_interval: timedelta = timedelta(days=90)
    overlap: timedelta = timedelta(hours=24)
    quiet: timedelta = timedelta(hours=24)
    """How long the old version must have been silent before a verdict can be SAFE."""
    suspension_watch: timedelta = timedelta(hours=1)
    """How long a suspended version is watched before its revocation can be SAFE."""
    first_silence: timedelta = timedelta(days=3)
    """The least silence on the old version of a caller that left it before a week of it was recorded: a weekend, with
    an evening and a morning."""
    shared_silence: timedelta = timedelta(days=8)
    """A *shared-possible* caller may hide several programs, one of them weekly: a week and a day."""
    idle: timedelta = timedelta(days=7)
    stale: timedelta = timedelta(days=30)
    expiring: timedelta = timedelta(days=14)
    evidence_as_of: timedelta = timedelta(minutes=1)
    """How old the newest word of a recorder may be."""
    asked_as_of: timedelta = timedelta(minutes=5)
    """How old the newest word of any other source may be: logs are written and counters scraped in their own time."""
    clock_skew: timedelta = timedelta(seconds=30)
    full_access_scopes: frozenset[str] = frozenset({"*", "admin", "full_access"})
    alerts: Thresholds = field(default_factory=Thresholds)


DEVELOPMENT: Final = Policy(rotation_interval=timedelta(days=180))
STRICT_DEVELOPMENT: Final = replace(DEVELOPMENT, rotation_interval=timedelta(days=30))


@dataclass(frozen=True, slots=True)
class Policies:
    """The policy of each environment; one that is not named gets the production policy, the stricter."""

    default: Policy = Policy()
    environments: Mapping[str, Policy] = field(default_factory=lambda: {"development": DEVELOPMENT})

    def of(self, environment: str) -> Policy:
        """The policy in force for an environment."""
        return self.environments.get(environment, self.default)
