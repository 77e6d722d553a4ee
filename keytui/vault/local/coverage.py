"""What the recorders covered: how far the word of those that run reaches, and the stretches that nobody vouches for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, func, select

from keytui.domain.verdict import Gap, GapKind, Source, Window
from keytui.vault.local.tables import GapRow, RecorderRow

SILENT_AFTER: Final = timedelta(seconds=10)
"""A recorder reports every second; one that did not for so long is not counted on any more."""


def source(session: Session, now: datetime) -> Source | None:
    """All recorders as one source, as old as the slowest that runs; None when there never was one.

    A stretch without a recorder between its service's clean ends is covered: no verifier was there to let anybody in.
    """
    began = session.exec(select(RecorderRow.started_at).order_by(col(RecorderRow.started_at)).limit(1)).first()
    if began is None:
        return None
    newest = session.exec(select(func.max(RecorderRow.last_flush_at))).one()
    running = [row for row in _unended(session) if not _silent(row, now)]
    as_of = min((row.last_flush_at for row in running), default=newest)
    return Source(_name(sorted({row.name for row in running})) if running else "recorders", as_of, Window(began, as_of))


def gaps(session: Session, now: datetime) -> Iterator[Gap]:
    """Every stretch that was noted as missing, and those that a recorder left by falling silent."""
    for row in session.exec(select(GapRow).where(col(GapRow.source).startswith("recorder "))):
        yield Gap(row.source, GapKind(row.kind), row.started_at, row.ended_at, row.count)
    for recorder in _unended(session):
        if _silent(recorder, now):
            yield _left_by(session, recorder)
    yield from _before_the_first(session)


def _before_the_first(session: Session) -> Iterator[Gap]:
    """What a service let in before its first recorder, nobody saw: the others recorded, and it did not yet."""
    first = func.min(RecorderRow.started_at)
    begun = session.exec(select(RecorderRow.name, first).group_by(col(RecorderRow.name)).order_by(first)).all()
    for name, started_at in begun[1:]:
        if started_at > begun[0][1]:
            yield Gap(f"recorder {name}", GapKind.NO_RECORDER, begun[0][1], started_at)


def _left_by(session: Session, recorder: RecorderRow) -> Gap:
    """It lasts until a recorder of the same name begins: before that, its process may run on, cut off."""
    later = select(RecorderRow.started_at).where(
        RecorderRow.name == recorder.name, RecorderRow.started_at > recorder.last_flush_at
    )
    successor = session.exec(later.order_by(col(RecorderRow.started_at)).limit(1)).first()
    kind = GapKind.SILENT if successor is None else GapKind.UNCLEAN_END
    return Gap(f"recorder {recorder.name}", kind, recorder.last_flush_at, successor)


def _unended(session: Session) -> Sequence[RecorderRow]:
    return session.exec(select(RecorderRow).where(col(RecorderRow.ended_at).is_(None))).all()


def _silent(row: RecorderRow, now: datetime) -> bool:
    return now - row.last_flush_at > SILENT_AFTER


def _name(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"recorder {names[0]}"
    return f"recorders {', '.join(names[:3])}" + (f" and {len(names) - 3} more" if len(names) > 3 else "")
