"""What falls due when: rotations by policy and by themselves, expiries, and the ends of overlaps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session, col, select

from keytui.domain.rotation import RotationState
from keytui.vault.local.keys.search import policy_line
from keytui.vault.local.mapping import key_of
from keytui.vault.local.section import Section
from keytui.vault.local.tables import AutoRotationRow, KeyRow, RotationRow
from keytui.vault.model import Due


class Scheduling(Section):
    """The calendar."""

    def schedule(self, until: datetime) -> tuple[Due, ...]:
        with self._reading() as session:
            due = [
                *self._rotations(session, until),
                *_by_themselves(session, until),
                *_expiries(session, until),
                *_overlaps(session, until),
            ]
        return tuple(sorted(due, key=lambda one: (one.at, one.key.name, one.key.id, one.what)))

    def _rotations(self, session: Session, until: datetime) -> Iterator[Due]:
        """Keys without an open rotation whose version reaches its policy's age."""
        old = col(KeyRow.version_created_at) <= policy_line(
            self._policies, lambda policy: until - policy.rotation_interval
        )
        living = col(KeyRow.revoked_at).is_(None)
        for row in session.exec(select(KeyRow).where(old, living, col(KeyRow.rotation_id).is_(None))):
            interval = self._policies.of(row.environment).rotation_interval
            yield Due(row.version_created_at + interval, "rotation", key_of(row))


def _by_themselves(session: Session, until: datetime) -> Iterator[Due]:
    """One that is past has not been run yet, or was left as it is."""
    found = (
        select(AutoRotationRow, KeyRow)
        .join(KeyRow, col(KeyRow.id) == AutoRotationRow.key_id)
        .where(AutoRotationRow.next_at <= until, col(KeyRow.revoked_at).is_(None))
    )
    for row, key in session.exec(found):
        yield Due(row.next_at, "auto-rotation", key_of(key), key.rotation_id)


def _expiries(session: Session, until: datetime) -> Iterator[Due]:
    expiring = select(KeyRow).where(col(KeyRow.expires_at) <= until, col(KeyRow.revoked_at).is_(None))
    for row in session.exec(expiring):
        if row.expires_at is not None:
            yield Due(row.expires_at, "expiry", key_of(row), row.rotation_id)


def _overlaps(session: Session, until: datetime) -> Iterator[Due]:
    """An end that has passed is overdue and stays here: nothing retires by itself."""
    overlapping = (
        select(RotationRow, KeyRow)
        .join(KeyRow, col(KeyRow.id) == RotationRow.key_id)
        .where(RotationRow.state == RotationState.OVERLAPPING, col(RotationRow.overlap_ends_at) <= until)
    )
    for rotation, key in session.exec(overlapping):
        if rotation.overlap_ends_at is not None:
            yield Due(rotation.overlap_ends_at, "overlap end", key_of(key), rotation.id)
