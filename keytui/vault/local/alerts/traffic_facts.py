"""What the detectors of alerts ask of the last minutes: refusals by address, and dead versions in use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, and_, col, or_, select

from keytui.domain.detectors.folding import KeyName
from keytui.domain.detectors.refusals import RefusedMinute, Retirement
from keytui.domain.detectors.versions import Dead, DeadUse
from keytui.domain.keys import VersionState
from keytui.domain.policy import Policies
from keytui.vault.local.alerts.incidents import Incident
from keytui.vault.local.listing import listed, part
from keytui.vault.local.tables import RotationRow, VersionRow
from keytui.vault.local.usage.caller_counts import refused_by_address
from keytui.vault.local.usage.counting import ByBucket, Stretch, Version, by_bucket
from keytui.vault.local.usage.grains import floor

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DEAD: Final = (VersionState.SUSPENDED, VersionState.REVOKED)


@dataclass(frozen=True, slots=True)
class Traffic:
    """The last minutes of every version, and the keys they belong to."""

    since: datetime
    minutes: ByBucket
    names: Mapping[str, KeyName]

    def refused(self) -> set[Version]:
        """Versions that had any request refused."""
        return {
            version for version, minutes in self.minutes.items() if any(counts.refused for counts in minutes.values())
        }


def refused_minutes(session: Session, traffic: Traffic) -> Iterator[RefusedMinute]:
    """Refusals by address. Callers are kept by the hour, so a minute's are divided by each one's share of them."""
    for version, shares in _shares(session, traffic).items():
        refusing = ((minute, counts) for minute, counts in traffic.minutes[version].items() if counts.refused)
        for minute, counts in refusing:
            for address, share in shares.items():
                yield RefusedMinute(address, traffic.names[version[0]], minute, counts.refused * share)


def _shares(session: Session, traffic: Traffic) -> dict[Version, dict[str, float]]:
    """Of each version with refusals, each address's share."""
    versions = {version for version in traffic.refused() if version[0] in traffic.names}
    refused = refused_by_address(session, versions, floor(traffic.since, _HOUR), traffic.since)
    return {
        version: {address: count / sum(addresses.values()) for address, count in addresses.items()}
        for version, addresses in refused.items()
    }


def dead_uses(session: Session, traffic: Traffic, policies: Policies) -> Iterator[DeadUse]:
    """Requests with suspended or revoked versions in whole minutes after what may still have been under way."""
    for row, rotation in _dead_versions(session, traffic):
        key = traffic.names.get(row.key_id)
        since = row.revoked_at or (rotation.suspended_at if rotation else None)
        if key is None or since is None:
            continue
        if rotation is not None and rotation.suspended_at is not None:
            since = min(since, rotation.suspended_at)
        settled = since + policies.of(key.environment).alerts.dead_version_grace
        late = {
            minute: counts for minute, counts in traffic.minutes[row.key_id, row.number].items() if minute > settled
        }
        if late:
            yield DeadUse(
                key,
                row.number,
                Dead(row.state),
                since,
                max(late),
                sum(counts.accepted for counts in late.values()),
                sum(counts.refused for counts in late.values()),
                rotation.id if rotation else None,
            )


def _dead_versions(session: Session, traffic: Traffic) -> Iterator[tuple[VersionRow, RotationRow | None]]:
    """Those in use that are dead, each with the rotation that replaced it."""
    given = listed(sorted(traffic.minutes))
    used = and_(col(VersionRow.key_id) == part(given, 0, str), col(VersionRow.number) == part(given, 1, int))
    replaced = and_(
        col(RotationRow.key_id) == VersionRow.key_id,
        col(RotationRow.old_version) == VersionRow.number,
        or_(col(RotationRow.closed_at).is_(None), RotationRow.state == "completed"),
    )
    dead = (
        select(VersionRow, RotationRow)
        .join_from(given, VersionRow, used)
        .join(RotationRow, replaced, isouter=True)
        .where(col(VersionRow.state).in_(_DEAD))
    )
    yield from session.exec(dead)


def retirements(
    session: Session, traffic: Traffic, incidents: Mapping[str, Incident], now: datetime
) -> Iterator[Retirement]:
    """Of the keys with refusals in these minutes, those that had a version retired not long ago."""
    for key_id in sorted({key_id for key_id, _ in traffic.refused()}):
        incident = incidents.get(key_id)
        if incident is None or not incident.retired or key_id not in traffic.names:
            continue
        began = floor(incident.at, _MINUTE)
        since = max(began, floor(now, _MINUTE) - _HOUR)
        yield Retirement(
            traffic.names[key_id],
            incident.version,
            incident.at,
            now - since,
            _refused(session, key_id, since, now + _MINUTE),
            _refused(session, key_id, began - _HOUR, began - _MINUTE),
            incident.rotation_id,
        )


def _refused(session: Session, key_id: str, since: datetime, until: datetime) -> int:
    found = by_bucket(session, Stretch(since, until, _MINUTE), [key_id])
    return sum(counts.refused for minutes in found.values() for counts in minutes.values())
