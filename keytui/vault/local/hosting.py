"""What the processes of a server ask of their vault beside what every face asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, func, select

from keytui.domain.operators import Operator
from keytui.vault.local.access.mapping import operator_of
from keytui.vault.local.backup.state import refuse_unreconciled
from keytui.vault.local.leases import Lease
from keytui.vault.local.listing import listed, part
from keytui.vault.local.section import Section
from keytui.vault.local.tables import AuditRow, KeyRow, OperatorRow, PulseRow, SeriesRow, UsageRow
from keytui.vault.local.usage.grains import Grain
from keytui.vault.local.watching import newest_flush

_LATE: Final = timedelta(seconds=2)
"""How much later than another recorder's a flush of the same time may arrive."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens that were not revoked, by digest, as they stood at one moment."""

    by_digest: Mapping[str, Operator]
    mark: tuple[int, int]
    """How many there ever were, and how many are revoked: both only rise, so that a change always shows."""


class Hosting(Section):
    """Asked by the process itself, whoever its clients are: nothing here is bound to a principal."""

    def tokens(self, known: Tokens | None = None) -> Tokens:
        """Every living token; `known` itself when nothing has changed since.

        Unreconciled when the database is an older one by now: what was revoked since lives in it.
        """
        with self._ground.database.reading() as session:
            refuse_unreconciled(session, self._ground.ledger.kept_beyond(session))
            mark = _mark(session)
            if known is not None and known.mark == mark:
                return known
            living = session.exec(select(OperatorRow).where(col(OperatorRow.revoked_at).is_(None)))
            return Tokens({row.digest: operator_of(row) for row in living}, mark)

    def tenants_of(self, key_ids: Iterable[str]) -> Mapping[str, str]:
        """The tenant of each of these keys, however many; one that is not there has none."""
        given = listed([(key_id,) for key_id in key_ids])
        owned = select(KeyRow.id, KeyRow.tenant).join_from(given, KeyRow, col(KeyRow.id) == part(given, 0, str))
        with self._ground.database.reading() as session:
            return {key_id: tenant for key_id, tenant in session.exec(owned)}  # noqa: C416  # rows are no tuples to mypy

    def tenants_moved(self, after: int, until: int) -> Mapping[str | None, int]:
        """Whose entries the log has between two positions, and where the last of them stands; None sees them all."""
        with self._ground.database.reading() as session:
            between = AuditRow.sequence > after, AuditRow.sequence <= until
            newest = select(AuditRow.tenant, func.max(AuditRow.sequence)).where(*between).group_by(col(AuditRow.tenant))
            return {**dict(session.exec(newest).all()), None: until}

    def used_since(self, at: datetime) -> bool:
        """Whether a recorder has told of requests since a time; an empty flush is none."""
        counted = col(PulseRow.accepted) + col(PulseRow.refused) > 0
        with self._ground.database.reading() as session:
            found = session.exec(select(PulseRow.at).where(col(PulseRow.at) > at - _LATE, counted).limit(1))
            return found.first() is not None

    def last_used(self, since: datetime) -> Mapping[str, datetime]:
        """When keys of each tenant were last asked with; those are left out whose recorders tell of nothing since."""
        recent = col(UsageRow.grain) == Grain.MINUTE, col(UsageRow.at) >= since, col(SeriesRow.probe).is_(False)
        used = (
            select(KeyRow.tenant, func.max(UsageRow.last_at))
            .join_from(UsageRow, SeriesRow, col(SeriesRow.id) == UsageRow.series)
            .join(KeyRow, col(KeyRow.id) == SeriesRow.key_id)
            .where(*recent)
            .group_by(col(KeyRow.tenant))
        )
        with self._ground.database.reading() as session:
            return {tenant: at for tenant, at in session.exec(used)}  # noqa: C416  # rows are no tuples to mypy

    def flushed_at(self, tenants: Iterable[str | None]) -> Mapping[str | None, datetime | None]:
        """When a recorder that knows their keys has told of them last; with None any recorder."""
        with self._ground.database.reading() as session:
            return {tenant: newest_flush(session, tenant) for tenant in tenants}

    def hold_job(self, job: str, holder: str, lasts: timedelta) -> bool:
        """Have a job to oneself, or for longer; False while another process has it."""
        now = self._clock()
        with self._ground.database.reading() as session:
            if Lease(job, holder).is_anothers(session, now, lasts):
                return False
        with self._ground.database.writing() as session:
            return Lease(job, holder).take(session, now, lasts) == holder

    def leave_job(self, job: str, holder: str) -> None:
        """Let another process have it at once."""
        with self._ground.database.writing() as session:
            Lease(job, holder).give_back(session)


def _mark(session: Session) -> tuple[int, int]:
    """Rows are never removed, and a revoked token stays so."""
    made, revoked = session.exec(
        select(func.count(), func.count(col(OperatorRow.revoked_at))).select_from(OperatorRow)
    ).one()
    return made, revoked
