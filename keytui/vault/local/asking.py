"""Questions that write nothing: pages of keys, one key whole, rotations, verdicts, the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import KeytuiError
from keytui.domain.keys import Key, KeySummary
from keytui.domain.no_such_value import NoSuchValue
from keytui.domain.query import Place, Query, Sort
from keytui.domain.rotation import Plan, Rotation, Step
from keytui.domain.usage import CallerUse, Usage
from keytui.domain.verdict import Assessment
from keytui.vault.local.audit_pages import audit_page
from keytui.vault.local.evidence.verdicts import QUESTIONS, assessed
from keytui.vault.local.issuing.asking import Issuing
from keytui.vault.local.keys.finding import found_key
from keytui.vault.local.keys.pages import Matching, Part
from keytui.vault.local.keys.search import conditions
from keytui.vault.local.keys.values import no_such_values
from keytui.vault.local.mapping import delivery_of, key_of, step_of, summary_of, version_of
from keytui.vault.local.rotations.rehearsal import rehearsed
from keytui.vault.local.rows import key_row, rotation_row, stored_rotation, version_row, version_rows
from keytui.vault.local.tables import DeliveryRow, KeyRow, RotationRow, StepRow, VersionRow
from keytui.vault.local.usage.buckets import activity_of, callers_of, pace_of, usage_of
from keytui.vault.model import AuditPage, KeyDetail, Page, Rehearsal, RotationDetail, Rows
from keytui.vault.wanted import Wanted

_AUDIT_TAIL = 20


class Asking(Issuing):
    """What is known, read at one moment."""

    def page(self, query: Query, sort: Sort, offset: int, limit: int) -> Page:
        return self._page(query, Part(sort, offset, limit))

    def page_after(self, query: Query, sort: Sort, place: Place, limit: int) -> Page:
        """The same from behind a place in the order, which stays where it is when keys come and go. `offset` is 0."""
        return self._page(query, Part(sort, 0, limit, place))

    def rows(self, query: Query, sort: Sort, offset: int, limit: int, wanted: Wanted | None = None) -> Rows:
        now = self._clock()
        with self._reading(wanted=wanted) as session:
            found = Matching(session, query, conditions(query, self._policies, now))
            rows, total = found.rows(Part(sort, offset, limit))
            return Rows(self._summaries(session, rows, now), offset, total)

    def count(self, query: Query, wanted: Wanted | None = None) -> int:
        with self._reading(wanted=wanted) as session:
            return Matching(session, query, conditions(query, self._policies, self._clock())).total()

    def no_such_values(self, query: Query) -> tuple[NoSuchValue, ...]:
        with self._reading() as session:
            return tuple(no_such_values(session, query, self._policies, self._clock()))

    def _page(self, query: Query, part: Part) -> Page:
        now = self._clock()
        with self._reading() as session:
            found = Matching(session, query, conditions(query, self._policies, now))
            rows, total = found.rows(part)
            return Page(self._summaries(session, rows, now), part.offset, found.total() if total is None else total)

    def find(self, reference: str) -> Key:
        with self._reading() as session:
            return key_of(found_key(session, reference))

    def detail(self, key_id: str) -> KeyDetail:
        with self._reading() as session:
            row = key_row(session, key_id)
            return KeyDetail(
                summary=self._summaries(session, [row], self._clock())[0],
                versions=tuple(version_of(version) for version in version_rows(session, key_id)),
                callers=callers_of(session, key_id),
                rotations=_rotations(session, key_id),
                audit=audit_page(
                    session, self._ground.principal.tenant, AuditFilter(key_id=key_id), 0, _AUDIT_TAIL
                ).entries,
                keeps_plaintext=self._keeps_plaintext(row.issuer),
            )

    def rehearse(self, key_id: str, plan: Plan) -> Rehearsal:
        with self._reading() as session:
            row = key_row(session, key_id)
            callers = callers_of(session, key_id, (row.version,))
            old = version_row(session, key_id, row.version)
            found = rehearsed(
                session,
                row,
                plan,
                callers,
                policies=self._policies,
                now=self._clock(),
                can=self._abilities(row.issuer),
            )
        also = tuple(f"{place} would let the old value in even then" for place in self._fallbacks_of(row.issuer, old))
        return replace(found, warnings=(*also, *found.warnings))

    def rotations(self, open_only: bool, offset: int, limit: int) -> tuple[Rotation, ...]:
        found = select(RotationRow).order_by(col(RotationRow.id).desc()).offset(offset).limit(limit)
        if open_only:
            found = found.where(col(RotationRow.closed_at).is_(None))
        with self._reading() as session:
            return tuple(stored_rotation(session, row) for row in session.exec(found).all())

    def open_rotation(self, key_id: str) -> Rotation | None:
        with self._reading() as session:
            row = key_row(session, key_id)
            if row.rotation_id is None:
                return None
            return stored_rotation(session, rotation_row(session, row.rotation_id))

    def rotation(self, rotation_id: int) -> RotationDetail:
        now, fallbacks = self._clock(), self._fallbacks(rotation_id)
        with self._reading() as session:
            rotation = stored_rotation(session, rotation_row(session, rotation_id))
            new = rotation.new_version
            versions = (rotation.old_version,) if new is None else (rotation.old_version, new)
            return RotationDetail(
                rotation=rotation,
                old=version_of(version_row(session, rotation.key_id, rotation.old_version)),
                new=None if new is None else version_of(version_row(session, rotation.key_id, new)),
                steps=_steps(session, rotation_id),
                deliveries=tuple(delivery_of(row) for row in _deliveries(session, rotation_id)),
                callers=callers_of(session, rotation.key_id, versions),
                pace=pace_of(session, rotation, now),
                assessment=self._assessed(session, rotation, now, fallbacks) if rotation.state in QUESTIONS else None,
            )

    def verdict(self, rotation_id: int) -> Assessment:
        fallbacks = self._fallbacks(rotation_id)
        with self._reading() as session:
            rotation = stored_rotation(session, rotation_row(session, rotation_id))
            return self._assessed(session, rotation, self._clock(), fallbacks)

    def callers(self, key_id: str) -> tuple[CallerUse, ...]:
        with self._reading() as session:
            return callers_of(session, key_row(session, key_id).id)

    def usage(self, key_id: str | None, since: datetime, limit: int) -> tuple[Usage, ...]:
        with self._reading() as session:
            if key_id is not None:
                key_row(session, key_id)
            now = self._clock()
            return usage_of(session, key_id, max(since, now - self._ground.retention.days), now, limit)

    def audit(self, which: AuditFilter, offset: int, limit: int) -> AuditPage:
        with self._reading() as session:
            return audit_page(session, self._ground.principal.tenant, which, offset, limit)

    def _assessed(self, session: Session, rotation: Rotation, now: datetime, fallbacks: tuple[str, ...]) -> Assessment:
        return assessed(session, rotation, self._policies, now, self._ground.expected, fallbacks=fallbacks)

    def _keeps_plaintext(self, issuer: str) -> bool | None:
        """None for an issuer that this machine does not know: the key is told of all the same."""
        try:
            can = self._abilities(issuer)
        except KeytuiError:
            return None
        return can is not None and can.keeps_plaintext

    def _summaries(self, session: Session, rows: Sequence[KeyRow], now: datetime) -> tuple[KeySummary, ...]:
        ids = [row.id for row in rows]
        current = session.exec(
            select(VersionRow)
            .join(KeyRow, (col(KeyRow.id) == VersionRow.key_id) & (col(KeyRow.version) == VersionRow.number))
            .where(col(VersionRow.key_id).in_(ids))
        ).all()
        versions = {version.key_id: version for version in current}
        activity = activity_of(session, ids, now)
        return tuple(
            summary_of(row, versions[row.id], self._policies.of(row.environment), now, activity.get(row.id, ()))
            for row in rows
        )


def _rotations(session: Session, key_id: str) -> tuple[Rotation, ...]:
    rows = session.exec(
        select(RotationRow).where(RotationRow.key_id == key_id).order_by(col(RotationRow.id).desc())
    ).all()
    return tuple(stored_rotation(session, row) for row in rows)


def _steps(session: Session, rotation_id: int) -> tuple[Step, ...]:
    rows = session.exec(select(StepRow).where(StepRow.rotation_id == rotation_id).order_by(col(StepRow.id)))
    return tuple(step_of(row) for row in rows)


def _deliveries(session: Session, rotation_id: int) -> Sequence[DeliveryRow]:
    found = select(DeliveryRow).where(DeliveryRow.rotation_id == rotation_id).order_by(col(DeliveryRow.id))
    return session.exec(found).all()
