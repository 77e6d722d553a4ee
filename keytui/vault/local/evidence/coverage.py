"""What the sources of evidence covered: how far the word of each reaches, and the stretches that nobody vouches for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, true
from sqlmodel import Session, col, func, select

from keytui.domain.gaps import Gap, GapKind
from keytui.domain.keys import BUILTIN
from keytui.domain.reports import SourceKind, SourceStanding
from keytui.domain.succession import Process, successors
from keytui.domain.verdict import Source, Window
from keytui.vault.local.tables import CallerRow, GapRow, KeyRow, RecorderRow, SeriesRow, SourceRow
from keytui.vault.local.usage.recording import RECORDERS

SILENT_AFTER: Final = timedelta(seconds=10)
"""A recorder reports every second; one that did not for so long is not counted on any more."""


@dataclass(frozen=True, slots=True)
class Consulted:
    """One source that is asked about a key, and the name under which the vault keeps what it saw."""

    source: Source
    stored_as: str
    gaps: tuple[Gap, ...]


def consulted(session: Session, key_id: str, now: datetime) -> tuple[Consulted, ...]:
    """The recorders that may let the key in, and every other source that ever saw it or that covers it.

    Ours see nothing of a key that another issuer accepts: their silence says nothing of its use.
    """
    tenant, issuer = session.exec(select(KeyRow.tenant, KeyRow.issuer).where(KeyRow.id == key_id)).one()
    recorders = source(session, now, tenant) if issuer == BUILTIN else None
    found = [Consulted(recorders, RECORDERS, tuple(gaps(session, now, tenant)))] if recorders else []
    saw = set(session.exec(select(SeriesRow.source).where(SeriesRow.key_id == key_id).distinct()))
    for row in session.exec(select(SourceRow).order_by(col(SourceRow.name))):
        if row.name in saw or covers(row, key_id):
            found.append(Consulted(source_of(row), row.name, gaps_of(session, row.name)))
    return tuple(found)


def serves(row: type[RecorderRow | GapRow], tenant: str | None) -> ColumnElement[bool]:
    """The recorders that may let in a tenant's keys, and their gaps: no tenant's, and its own. None is every tenant."""
    return true() if tenant is None else col(row.tenant).is_(None) | (col(row.tenant) == tenant)


def names_of_own_sources(session: Session, tenant: str) -> frozenset[str]:
    """The sources that have told of a key of the tenant, that cover one, or that are the tenant's own recorders."""
    own = session.exec(select(RecorderRow.name).where(RecorderRow.tenant == tenant)).all()
    saw = set(session.exec(select(SeriesRow.source).distinct()))
    recorders = {f"{RECORDERS} {name}" for name in {*own, *session.exec(select(CallerRow.recorder).distinct())}}
    covering = {row.name for row in session.exec(select(SourceRow)).all() if _covers_own(session, row)}
    return frozenset(saw | recorders | covering)


def _covers_own(session: Session, row: SourceRow) -> bool:
    own = select(KeyRow.id).where(col(KeyRow.id).in_(row.covers)).limit(1)
    return session.exec(own).first() is not None


def covers(row: SourceRow, key_id: str) -> bool:
    """Whether a source should speak of a key; a refusal counter that names none speaks of all."""
    return key_id in row.covers or (row.kind == SourceKind.REFUSALS and not row.covers)


def source_of(row: SourceRow) -> Source:
    """A source beside the recorders, as the evidence of a verdict has it."""
    return Source(
        row.name, row.as_of, Window(row.since, row.as_of), row.attributable, row.forgeable, SourceKind(row.kind)
    )


def gaps_of(session: Session, source_name: str) -> tuple[Gap, ...]:
    """What was noted as missing of one source, or of the recorders of one name."""
    noted = select(GapRow).where(GapRow.source == source_name).order_by(col(GapRow.started_at))
    return tuple(_gap(row) for row in session.exec(noted))


def source(session: Session, now: datetime, tenant: str | None) -> Source | None:
    """All recorders of a tenant's keys as one source, as old as the slowest that runs; None when there never was one.

    A stretch without a recorder between its service's clean ends is covered: no verifier was there to let anybody in.
    """
    told = serves(RecorderRow, tenant)
    first = select(RecorderRow.started_at).where(told).order_by(col(RecorderRow.started_at))
    began = session.exec(first.limit(1)).first()
    if began is None:
        return None
    newest = session.exec(select(func.max(RecorderRow.last_flush_at)).where(told)).one()
    running = [row for row in _unended(session, tenant) if not _silent(row, now)]
    as_of = min((row.last_flush_at for row in running), default=newest)
    return Source(_name(sorted({row.name for row in running})) if running else "recorders", as_of, Window(began, as_of))


def gaps(session: Session, now: datetime, tenant: str | None) -> Iterator[Gap]:
    """Every stretch that was noted as missing of a recorder, and those that one left by falling silent."""
    noted = select(GapRow).where(col(GapRow.source).startswith(f"{RECORDERS} "), serves(GapRow, tenant))
    for row in session.exec(noted):
        yield _gap(row)
    for name in sorted({row.name for row in _unended(session, tenant) if _silent(row, now)}):
        yield from _left_by(session, name, now)
    yield from _before_the_first(session, tenant)


def recorders_by_name(session: Session, now: datetime, tenant: str | None) -> Iterator[SourceStanding]:
    """How the recorders of a tenant's keys stand, those of one name together."""
    by_name: dict[str, list[RecorderRow]] = defaultdict(list)
    for row in session.exec(select(RecorderRow).where(serves(RecorderRow, tenant))):
        by_name[row.name].append(row)
    missing = tuple(gaps(session, now, tenant))
    for name, rows in by_name.items():
        running = [row.last_flush_at for row in rows if row.ended_at is None and not _silent(row, now)]
        yield SourceStanding(
            name=f"{RECORDERS} {name}",
            kind=SourceKind.RECORDER,
            since=min(row.started_at for row in rows),
            as_of=min(running, default=max(row.last_flush_at for row in rows)),
            gaps=tuple(gap for gap in missing if gap.source == f"{RECORDERS} {name}"),
        )


def _gap(row: GapRow) -> Gap:
    return Gap(row.source, GapKind(row.kind), row.started_at, row.ended_at, row.count)


def _before_the_first(session: Session, tenant: str | None) -> Iterator[Gap]:
    """What a service let in before its first recorder, nobody saw: the others recorded, and it did not yet."""
    first = func.min(RecorderRow.started_at)
    told = select(RecorderRow.name, first).where(serves(RecorderRow, tenant))
    begun = session.exec(told.group_by(col(RecorderRow.name)).order_by(first)).all()
    for name, started_at in begun[1:]:
        if started_at > begun[0][1]:
            yield Gap(f"recorder {name}", GapKind.NO_RECORDER, begun[0][1], started_at)


def _left_by(session: Session, name: str, now: datetime) -> Iterator[Gap]:
    """Each lasts until a successor begins: before that, the silent process may run on, cut off."""
    rows = session.exec(select(RecorderRow).where(RecorderRow.name == name)).all()
    followed = successors(_process(row, now) for row in rows)
    for row in rows:
        if row.ended_at is None and _silent(row, now):
            successor = followed.get(row.id)
            kind, end = (GapKind.UNCLEAN_END, successor.started_at) if successor else (GapKind.SILENT, None)
            yield Gap(f"recorder {name}", kind, row.last_flush_at, end)


def _process(row: RecorderRow, now: datetime) -> Process:
    last_word = row.last_flush_at if _silent(row, now) else None
    return Process(row.id, row.started_at, row.ended_at or last_word, clean=row.ended_at is not None)


def _unended(session: Session, tenant: str | None) -> Sequence[RecorderRow]:
    running = col(RecorderRow.ended_at).is_(None), serves(RecorderRow, tenant)
    return session.exec(select(RecorderRow).where(*running)).all()


def _silent(row: RecorderRow, now: datetime) -> bool:
    return now - row.last_flush_at > SILENT_AFTER


def _name(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"recorder {names[0]}"
    return f"recorders {', '.join(names[:3])}" + (f" and {len(names) - 3} more" if len(names) > 3 else "")
