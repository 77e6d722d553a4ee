"""Thresholds: where the detectors of alerts draw their lines. Each environment's policy has its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The lines of one environment. A count is reached at its number, a duration once it has passed."""

    burst_refusals: int = 30
    """Refusals of one address within the window that make a burst."""
    burst_window: timedelta = timedelta(minutes=5)
    pattern_weeks: int = 3
    """Weeks of a key's own history without which nothing is said of its pattern."""
    pattern_requests: int = 100
    """Requests in an hour by which it must differ from the same hours of the weeks before."""
    pattern_factor: int = 3
    """How many times more, or fewer, than the same hours of the weeks before."""
    pattern_percent: int = 50
    """Share of an hour's requests by callers that these hours of the week have never seen."""
    new_caller_after: timedelta = timedelta(days=1)
    """How long after its first use a sensitive key's callers are still expected to be new."""
    new_caller_shown: timedelta = timedelta(days=1)
    """How long a caller stays new."""
    dead_version_grace: timedelta = timedelta(minutes=1)
    """How long requests may still be under way when a version is suspended or revoked."""
    near_end: timedelta = timedelta(hours=4)
    """The last part of an overlap in which the old version should be unused; a quarter of it where that is less."""
    retirement_watch: timedelta = timedelta(days=1)
    """How long refusals are watched after a retirement."""
    retirement_refusals: int = 10
    """Refusals within an hour, more than before the retirement, that make a spike."""
    incident_grace: timedelta = timedelta(minutes=30)
    """How long traffic may take to come back after an incident."""
    incident_watch: timedelta = timedelta(days=1)
    """How long after an incident its routes are watched."""
    route_requests: int = 50
    """Requests that a route must have had in the same hours of the week before to be judged."""
    route_percent: int = 50
    """Share of these requests below which a route is not back."""
