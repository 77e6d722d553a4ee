"""Routes: traffic that has not come back after an incident of its key."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keytui.domain.alerts import AlertKind, Severity, Signal
from keytui.domain.detectors.folding import Found, KeyName, fold
from keytui.domain.policy import Policies
from keytui.domain.thresholds import Thresholds

_HOUR: Final = timedelta(hours=1)
_MOST_HOURS: Final = 3 * _HOUR


@dataclass(frozen=True, slots=True)
class RouteSince:
    """One route of a key in the newest full hours since an incident, and in the same hours of the week before."""

    key: KeyName
    route: str
    what: str
    """The incident in words: `v3 was retired`."""
    at: datetime
    """When it was."""
    hours: int
    """How many full hours both counts speak of."""
    accepted: int
    accepted_before: int
    rotation_id: int | None = None
    covered: bool = True
    """Whether the recorders vouch for these hours."""


def full_hours_since(at: datetime, grace: timedelta, now: datetime) -> tuple[datetime, datetime] | None:
    """The newest full hours, three at the most, since `grace` after an incident; None while there is none yet.

    Three, so that one slow hour is no alert and traffic that came back does not go on being missed for a day.
    """
    end = now.replace(minute=0, second=0, microsecond=0)
    first = (at + grace).replace(minute=0, second=0, microsecond=0) + _HOUR
    start = max(first, end - _MOST_HOURS)
    return (start, end) if start < end else None


def routes_not_back(routes: Iterable[RouteSince], policies: Policies) -> tuple[Signal, ...]:
    """Routes with far fewer accepted requests since an incident than in the same hours of the week before.

    Only routes with enough traffic to tell; and by more than chance makes of their number (a Poisson bound).
    """
    return fold(
        Found(one.key.environment, "routes whose traffic is not back", _not_back(one))
        for one in routes
        if _missing(one, policies.of(one.key.environment).alerts)
    )


def _missing(one: RouteSince, thresholds: Thresholds) -> bool:
    usual = one.accepted_before
    return (
        one.covered
        and usual >= thresholds.route_requests
        and one.accepted * 100 < usual * thresholds.route_percent
        and one.accepted < usual - 3 * math.sqrt(usual)
    )


def _not_back(one: RouteSince) -> Signal:
    hours = "hour" if one.hours == 1 else f"{one.hours} hours"
    since = f"{one.what} on {one.at:%Y-%m-%d %H:%MZ}"
    return Signal(
        AlertKind.NOT_BACK,
        f"{one.key.id} {one.route}",
        Severity.WARNING,
        f"{one.key.name} {one.route}: {one.accepted:,} requests in the last full {hours}, "
        f"{one.accepted_before:,} a week before; {since}",
        one.key.id,
        one.key.name,
        one.rotation_id,
        one.accepted,
    )
