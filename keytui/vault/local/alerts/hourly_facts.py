"""What the detectors of alerts ask of full hours: how they compare with the same hours of the weeks before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, func, select

from keytui.domain.detectors.patterns import HOUR, WEEK, Rhythm, Week
from keytui.domain.detectors.routes import RouteSince, full_hours_since
from keytui.domain.policy import Policies
from keytui.vault.local.alerts.incidents import Incident
from keytui.vault.local.alerts.key_facts import first_used, key_names, key_tenants
from keytui.vault.local.evidence.coverage import gaps
from keytui.vault.local.listing import listed, part
from keytui.vault.local.tables import KeyRow, RouteRow, RouteUsageRow, SourceRow
from keytui.vault.local.usage.caller_counts import accepted_by_caller
from keytui.vault.local.usage.counting import Stretch, by_bucket, keys_with
from keytui.vault.local.usage.grains import Grain

WEEKS: Final = 4
"""How many weeks an hour is compared with: as many as hours are kept for."""
_USED_WITHIN: Final = WEEK + 2 * HOUR
_LATE: Final = timedelta(days=1)
"""A source whose word ends longer ago has ended, and nobody waits for it."""
_GRAINS: Final = (Grain.MINUTE, Grain.HOUR)


def rhythms(session: Session, policies: Policies, hour: datetime, now: datetime) -> Iterator[Rhythm]:
    """Every key that was used lately and had enough requests: its hour from `hour`, and that hour of the weeks before.

    A change takes as many requests as the thresholds say, now or in one of the weeks: keys with fewer are left out.
    """
    key_ids = _used_enough(session, policies, hour)
    if not key_ids:
        return
    names, began = key_names(session, key_ids), first_used(session, key_ids)
    now_counts = _accepted(session, key_ids, hour, hour + HOUR)
    stretches = [(hour - n * WEEK - HOUR, hour - n * WEEK + 2 * HOUR) for n in _numbers()]
    then = [_accepted(session, key_ids, since, until) for since, until in stretches]
    busy = [key_id for key_id in key_ids if now_counts[key_id, hour] >= _least(policies, names[key_id].environment)]
    callers = accepted_by_caller(session, busy, hour, hour + HOUR)
    callers_then = [
        accepted_by_caller(session, busy, hour - n * WEEK - HOUR, hour - n * WEEK + 2 * HOUR) for n in _numbers()
    ]
    whose = key_tenants(session, key_ids)
    covered = {tenant: is_covered(session, tenant, hour, hour + HOUR, now) for tenant in set(whose.values())}
    for key_id in key_ids:
        weeks = [
            Week(
                (
                    counts[key_id, hour - n * WEEK - HOUR],
                    counts[key_id, hour - n * WEEK],
                    counts[key_id, hour - n * WEEK + HOUR],
                ),
                frozenset(seen[key_id]),
            )
            for n, counts, seen in zip(_numbers(), then, callers_then, strict=True)
        ]
        if key_id in began:
            accepted, complete = now_counts[key_id, hour], covered[whose[key_id]]
            yield Rhythm(names[key_id], hour, began[key_id], accepted, callers[key_id], tuple(weeks), complete)


def _used_enough(session: Session, policies: Policies, hour: datetime) -> Sequence[str]:
    least = min(policy.alerts.pattern_requests for policy in (policies.default, *policies.environments.values()))
    hours = (hour - n * WEEK for n in (0, *_numbers()))
    busy = set[str]().union(*(keys_with(session, Stretch(at, at + HOUR, HOUR), max(1, least)) for at in hours))
    given = listed([(key_id,) for key_id in sorted(busy)])
    used = select(KeyRow.id).join_from(given, KeyRow, col(KeyRow.id) == part(given, 0, str))
    used = used.where(col(KeyRow.last_used_at) >= hour - _USED_WITHIN, col(KeyRow.revoked_at).is_(None))
    return session.exec(used.where(col(KeyRow.disabled_at).is_(None)).order_by(col(KeyRow.id))).all()


def _numbers() -> range:
    return range(1, WEEKS + 1)


def _least(policies: Policies, environment: str) -> int:
    return policies.of(environment).alerts.pattern_requests


def _accepted(
    session: Session, key_ids: Sequence[str], since: datetime, until: datetime
) -> Mapping[tuple[str, datetime], int]:
    """Accepted requests of each key in each hour, all versions together."""
    counts: dict[tuple[str, datetime], int] = defaultdict(int)
    for (key_id, _), hours in by_bucket(session, Stretch(since, until, HOUR), key_ids).items():
        for hour, found in hours.items():
            counts[key_id, hour] += found.accepted
    return counts


def routes_since(
    session: Session, incidents: Mapping[str, Incident], policies: Policies, now: datetime
) -> Iterator[RouteSince]:
    """The routes of keys that something was done to, where full hours have passed since."""
    names, whose = key_names(session, incidents), key_tenants(session, incidents)
    dead = _dead(session, incidents)
    for key_id, incident in sorted(incidents.items()):
        key = names.get(key_id)
        if key is None or key_id in dead:
            continue
        thresholds = policies.of(key.environment).alerts
        hours = full_hours_since(incident.at, thresholds.incident_grace, now)
        if hours is None or now - incident.at > thresholds.incident_watch:
            continue
        start, end = hours
        covered = is_covered(session, whose.get(key_id), start, end, now)
        since = _by_route(session, key_id, start, end)
        for route, before in _by_route(session, key_id, start - WEEK, end - WEEK).items():
            accepted = since.get(route, 0)
            count = (end - start) // HOUR
            yield RouteSince(
                key, route, incident.what, incident.at, count, accepted, before, incident.rotation_id, covered
            )


def _dead(session: Session, key_ids: Iterable[str]) -> set[str]:
    """Keys that are meant to have no traffic."""
    given = listed([(key_id,) for key_id in sorted(key_ids)])
    found = select(KeyRow.id).join_from(given, KeyRow, col(KeyRow.id) == part(given, 0, str))
    return set(session.exec(found.where(col(KeyRow.revoked_at).is_not(None) | col(KeyRow.disabled_at).is_not(None))))


def _by_route(session: Session, key_id: str, since: datetime, until: datetime) -> dict[str, int]:
    """Accepted requests by route; where several sources tell, by the one that tells most."""
    found = (
        select(RouteRow.route, RouteRow.source, func.sum(RouteUsageRow.accepted))
        .join(RouteUsageRow, col(RouteUsageRow.route) == RouteRow.id)
        .where(RouteRow.key_id == key_id, col(RouteUsageRow.grain).in_(_GRAINS))
        .where(RouteUsageRow.at >= since, RouteUsageRow.at < until)
        .group_by(col(RouteRow.route), col(RouteRow.source))
    )
    routes: dict[str, int] = {}
    for route, _, accepted in session.exec(found):
        routes[route] = max(routes.get(route, 0), accepted)
    return routes


def is_covered(session: Session, tenant: str | None, since: datetime, until: datetime, now: datetime) -> bool:
    """Whether nothing of a tenant's keys is missing: no recorder left a gap, and every source tells to the end."""
    if any(gap.start < until and (gap.end or now) > since for gap in gaps(session, now, tenant)):
        return False
    behind = select(SourceRow.name).where(SourceRow.as_of < until, SourceRow.as_of >= until - _LATE).limit(1)
    return session.exec(behind).first() is None
