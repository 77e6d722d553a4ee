"""Policy: what each environment expects of its keys. Where the runbooks disagree on numbers: docs/decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    targets: tuple[str, ...] | None = None
    """Where its keys may be delivered, by name or kind of target; anywhere when None."""
    full_access_scopes: frozenset[str] = frozenset({"*", "admin", "full_access"})
    alerts: Thresholds = field(default_factory=Thresholds)


DEVELOPMENT: Final = Policy(rotation_interval=timedelta(days=180))
STRICT_DEVELOPMENT: Final = replace(DEVELOPMENT, rotation_interval=timedelta(days=30))


@dataclass(frozen=True, slots=True)
class Policies:
    """The policy of each environment; one that is not named gets the production policy, the stricter."""

    default: Policy = Policy()
    environments: Mapping[str, Policy] = field(default_factory=lambda: {"development": DEVELOPMENT})
    kinds: Mapping[str, str] = field(default_factory=dict)
    """The kind of each target that is configured here, by name."""

    def of(self, environment: str) -> Policy:
        """The policy in force for an environment."""
        return self.environments.get(environment, self.default)

    def refused_target(self, environment: str, targets: Iterable[str]) -> str:
        """Why the first of these targets that the environment does not allow is refused, in words; "" for none.

        The kind of a target that is configured elsewhere is not known: it has to be allowed by its name.
        """
        allowed = self.of(environment).targets
        if allowed is None:
            return ""
        for name in targets:
            kind = self.kinds.get(name, "")
            if name not in allowed and kind not in allowed:
                which = f"target {name}" + (f", of kind {kind}, is none of them" if kind else " is none of them")
                return f"keys of {environment} may go to {' or '.join(allowed) or 'no target'} alone, and {which}"
        return ""
