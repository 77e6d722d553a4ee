"""From rows to the domain's dataclasses: nothing of SQLModel leaves `vault/local`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from keytui.domain.audit import AuditEntry, Event
from keytui.domain.drift import Drift
from keytui.domain.flags import flags
from keytui.domain.keys import Key, KeyFacts, KeySummary, Kind, Version, VersionState
from keytui.domain.policy import Policy
from keytui.domain.rotation import First, Plan, Reason, Rotation, RotationState, Step, Strategy, Waiver
from keytui.domain.secrets import fingerprint
from keytui.domain.usage import Caller
from keytui.vault.local.tables import (
    AuditRow,
    CallerRow,
    DeliveryRow,
    KeyRow,
    RotationRow,
    StepRow,
    VersionRow,
    WaiverRow,
)
from keytui.vault.model import Delivery


def key_of(row: KeyRow) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        environment=row.environment,
        created_at=row.created_at,
        kind=Kind(row.kind),
        description=row.description,
        owner=row.owner,
        tenant=row.tenant,
        scopes=row.scopes,
        apps=row.apps,
        issuer=row.issuer,
        format=row.format,
        sensitive=row.sensitive,
        targets=row.targets,
        leaked=row.leaked,
        expires_at=row.expires_at,
        rotated_at=row.rotated_at,
        disabled_at=row.disabled_at,
        revoked_at=row.revoked_at,
    )


def version_of(row: VersionRow) -> Version:
    return Version(
        number=row.number,
        state=VersionState(row.state),
        created_at=row.created_at,
        prefix=row.prefix,
        fingerprint=fingerprint_of(row),
        last_used_at=row.last_used_at,
        accept_until=row.accept_until,
        delivered_at=row.delivered_at,
        revoked_at=row.revoked_at,
        label=row.label,
        weak=row.weak,
        drift=Drift(row.drift) if row.drift else None,
    )


def fingerprint_of(row: VersionRow) -> str | None:
    """The version's public name; None where it would give a weak value away."""
    return None if row.weak or row.keyed else fingerprint(row.digest)


def facts_of(row: KeyRow) -> KeyFacts:
    """What the key's flags are computed from."""
    return KeyFacts(
        key=key_of(row),
        version_created_at=row.version_created_at,
        last_used_at=row.last_used_at,
        rotating=row.rotation_id is not None,
        weak=row.weak,
        shared=row.shared,
        drifted=row.drifted,
    )


def summary_of(
    row: KeyRow, current: VersionRow, policy: Policy, now: datetime, activity: tuple[int, ...] = ()
) -> KeySummary:
    facts = facts_of(row)
    return KeySummary(
        key=facts.key,
        version=version_of(current),
        last_used_at=row.last_used_at,
        flags=flags(facts, policy, now),
        activity=activity,
        rotation_id=row.rotation_id,
    )


def rotation_of(row: RotationRow, key: KeyRow, waivers: Sequence[WaiverRow]) -> Rotation:
    return Rotation(
        id=stored_id(row.id),
        key_id=row.key_id,
        key_name=key.name,
        environment=key.environment,
        plan=Plan(
            Strategy(row.strategy),
            First(row.first) if row.first else None,
            Reason(row.reason),
            row.reason_text,
            row.overlap,
            row.label,
        ),
        state=RotationState(row.state),
        old_version=row.old_version,
        new_version=row.new_version,
        started_at=row.started_at,
        holder=row.holder,
        note=row.note,
        delivered_at=row.delivered_at,
        overlap_ends_at=row.overlap_ends_at,
        suspended_at=row.suspended_at,
        closed_at=row.closed_at,
        suspends=row.suspends,
        waivers=tuple(Waiver(waiver.subject, waiver.actor, waiver.at, waiver.why) for waiver in waivers),
    )


def caller_of(row: CallerRow) -> Caller:
    return Caller(row.name, row.declared, row.address, row.agent)


def step_of(row: StepRow) -> Step:
    return Step(row.at, row.actor, row.verb, RotationState(row.state), row.detail)


def delivery_of(row: DeliveryRow) -> Delivery:
    return Delivery(row.target, row.state, row.at, row.fingerprint, row.detail, row.run)


def entry_of(row: AuditRow) -> AuditEntry:
    event = Event(
        type=row.type,
        key_id=row.key_id,
        key_name=row.key_name,
        version=row.version,
        rotation_id=row.rotation_id,
        details=details_of(row.details),
        refused=row.refused,
    )
    return AuditEntry(row.sequence, row.at, row.actor, event, row.previous, row.hash)


def details_of(stored: str) -> dict[str, str]:
    """The details as they were written. What is no object of texts was tampered with, and is shown as it stands."""
    try:
        details = json.loads(stored)
    except (ValueError, RecursionError):
        details = None
    if isinstance(details, dict) and all(isinstance(value, str) for value in details.values()):
        return details
    return {"unreadable": stored}


def stored_id(number: int | None) -> int:
    """The number that the database gave a row, which is None only before it was stored."""
    if number is None:
        raise ValueError("this row was not stored yet")
    return number


def fingerprinted(name: str, version: VersionRow) -> dict[str, str]:
    """The version's fingerprint as a detail of the log; nothing for a weak value."""
    found = fingerprint_of(version)
    return {name: found} if found else {}
