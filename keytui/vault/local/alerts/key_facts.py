"""What the detectors of alerts ask of keys, versions and rotations, in a few statements however many keys there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from sqlmodel import Session, and_, col, func, select

from keytui.domain.detectors.auto_rotations import SkippedRotation
from keytui.domain.detectors.drifts import DriftedVersion, Uncompared
from keytui.domain.detectors.folding import KeyName
from keytui.domain.detectors.versions import CallerOfSensitive, LeakedVersion, Overlap
from keytui.domain.drift import Drift
from keytui.domain.keys import ACCEPTED
from keytui.domain.rotation import RotationState
from keytui.domain.usage import NO_KEY
from keytui.vault.local.listing import listed, part
from keytui.vault.local.tables import AutoRotationRow, CallerRow, KeyRow, RotationRow, SyncRow, VersionRow

NOBODY: Final = KeyName(NO_KEY, "", "")
"""Stands for the key of secrets that belong to none."""


def key_names(session: Session, key_ids: Iterable[str]) -> dict[str, KeyName]:
    """The keys of some ids, in one statement; ids that are no key's are left out, but for that of nobody's secrets."""
    given = listed([(key_id,) for key_id in sorted(set(key_ids))])
    found = select(KeyRow.id, KeyRow.name, KeyRow.environment).join_from(
        given, KeyRow, col(KeyRow.id) == part(given, 0, str)
    )
    return {NO_KEY: NOBODY} | {row[0]: KeyName(*row) for row in session.exec(found)}


def key_tenants(session: Session, key_ids: Iterable[str]) -> dict[str, str]:
    """Whose the keys of some ids are."""
    given = listed([(key_id,) for key_id in sorted(set(key_ids))])
    found = select(KeyRow.id, KeyRow.tenant).join_from(given, KeyRow, col(KeyRow.id) == part(given, 0, str))
    return dict(session.exec(found).all())


def overlaps(session: Session) -> Iterator[Overlap]:
    """Every rotation in its overlap."""
    found = (
        select(RotationRow, KeyRow, VersionRow.last_used_at)
        .join(KeyRow, col(KeyRow.id) == RotationRow.key_id)
        .join(
            VersionRow,
            and_(col(VersionRow.key_id) == RotationRow.key_id, col(VersionRow.number) == RotationRow.old_version),
        )
        .where(col(RotationRow.closed_at).is_(None), RotationRow.state == RotationState.OVERLAPPING)
    )
    for rotation, key, last_used_at in session.exec(found):
        if rotation.id is not None and rotation.overlap_ends_at is not None:
            yield Overlap(
                KeyName(key.id, key.name, key.environment),
                rotation.id,
                rotation.old_version,
                rotation.delivered_at or rotation.started_at,
                rotation.overlap_ends_at,
                last_used_at,
            )


def leaked_versions(session: Session) -> Iterator[LeakedVersion]:
    """Versions of living keys that are accepted although their secret has leaked."""
    # Asked of a join, SQLite without statistics would read every version for it, every few seconds.
    leaked = session.exec(select(KeyRow.id).where(col(KeyRow.leaked), col(KeyRow.revoked_at).is_(None))).all()
    names, given = key_names(session, leaked), listed([(key_id,) for key_id in leaked])
    found = (
        select(VersionRow.key_id, VersionRow.number)
        .join_from(given, VersionRow, col(VersionRow.key_id) == part(given, 0, str))
        .where(col(VersionRow.leaked), col(VersionRow.state).in_(ACCEPTED))
    )
    for key_id, number in session.exec(found):
        yield LeakedVersion(names[key_id], number)


def skipped_rotations(session: Session) -> Iterator[SkippedRotation]:
    """Keys that should rotate by themselves and did not; one that is at its end is told by nobody any more."""
    found = (
        select(AutoRotationRow, KeyRow)
        .join(KeyRow, col(KeyRow.id) == AutoRotationRow.key_id)
        .where(AutoRotationRow.note != "", col(KeyRow.revoked_at).is_(None))
    )
    for row, key in session.exec(found):
        yield SkippedRotation(KeyName(key.id, key.name, key.environment), row.note, row.rotation_id)


def drifted_versions(session: Session) -> Iterator[DriftedVersion]:
    """Versions that stand otherwise at their issuer, those of revoked keys among them."""
    found = (
        select(KeyRow, VersionRow.number, VersionRow.drift)
        .join(VersionRow, col(VersionRow.key_id) == KeyRow.id)
        .where(col(KeyRow.drifted), VersionRow.drift != "")
    )
    for key, number, drift in session.exec(found):
        yield DriftedVersion(KeyName(key.id, key.name, key.environment), key.issuer, number, Drift(drift))


def uncompared_issuers(session: Session) -> Iterator[Uncompared]:
    """Issuers that were compared once, and whose last comparison failed."""
    for row in session.exec(select(SyncRow).where(SyncRow.error != "")):
        if row.compared_at is not None:
            yield Uncompared(row.issuer, row.compared_at, row.error)


def callers_of_sensitive(session: Session, since: datetime) -> Iterator[CallerOfSensitive]:
    """Callers of sensitive keys that were first seen, over all versions and sources, since a time."""
    met = (
        select(CallerRow.key_id)
        .join(KeyRow, col(KeyRow.id) == CallerRow.key_id)
        .where(col(KeyRow.sensitive), col(KeyRow.revoked_at).is_(None), CallerRow.first_seen >= since)
    )
    given = listed([(key_id,) for key_id in sorted(set(session.exec(met)))])
    first_seen = func.min(CallerRow.first_seen)
    new = session.exec(
        select(CallerRow.key_id, CallerRow.name, first_seen)
        .join_from(given, CallerRow, col(CallerRow.key_id) == part(given, 0, str))
        .group_by(col(CallerRow.key_id), col(CallerRow.name), col(CallerRow.declared))
        .having(first_seen >= since)
    ).all()
    key_ids = {key_id for key_id, _, _ in new}
    names, first_uses = key_names(session, key_ids), first_used(session, key_ids)
    for key_id, caller, seen in new:
        yield CallerOfSensitive(names[key_id], caller, seen, first_uses[key_id])


def first_used(session: Session, key_ids: Iterable[str]) -> dict[str, datetime]:
    """When each key that ever was used was used first."""
    given = listed([(key_id,) for key_id in sorted(set(key_ids))])
    found = (
        select(CallerRow.key_id, func.min(CallerRow.first_seen))
        .join_from(given, CallerRow, col(CallerRow.key_id) == part(given, 0, str))
        .group_by(col(CallerRow.key_id))
    )
    return dict(session.exec(found).all())
