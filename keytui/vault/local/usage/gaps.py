"""The gaps that a recorder's flushes show: what is missing, and when nobody can say when its requests came."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from keytui.domain.gaps import GapKind
from keytui.domain.usage import Flush
from keytui.vault.local.tables import GapRow, RecorderRow

_COUNTED: Final = frozenset({GapKind.MISSING_FLUSH, GapKind.DROPPED})


def gaps(row: RecorderRow, flush: Flush, silent_for: timedelta, now: datetime) -> Iterable[GapRow]:
    """What a flush says is missing. By a clock that was set back or is ahead, when requests came is anybody's guess."""
    passed = flush.at - row.last_flush_at
    ahead = flush.at - now > silent_for
    found = (
        (GapKind.MISSING_FLUSH, flush.sequence - row.sequence - 1),
        (GapKind.DROPPED, flush.dropped),
        (GapKind.SILENT, int(passed > silent_for)),
        (GapKind.CLOCK_SKEW, int(-passed > silent_for or (passed > silent_for and ahead))),
    )
    for kind, count in found:
        if count:
            yield GapRow(
                source=f"recorder {row.name}",
                tenant=row.tenant,
                kind=kind,
                started_at=min(row.last_flush_at, flush.at),
                ended_at=max(row.last_flush_at, flush.at, now if kind is GapKind.CLOCK_SKEW else flush.at),
                count=count if kind in _COUNTED else 0,
            )


def set_back(row: RecorderRow, newest: datetime) -> GapRow:
    """Its host has told of later times: the clock was set back before the process began, and so is all that it says."""
    return GapRow(
        source=f"recorder {row.name}",
        tenant=row.tenant,
        kind=GapKind.CLOCK_SKEW,
        started_at=row.started_at,
        ended_at=newest,
        count=0,
    )


def still_wrong(session: Session, row: RecorderRow, flush: Flush, now: datetime) -> None:
    """The gap of a wrong clock lasts until it is right. A flush that is merely late, by a right clock, has none."""
    gap = session.exec(
        select(GapRow)
        .where(GapRow.source == f"recorder {row.name}", GapRow.kind == GapKind.CLOCK_SKEW)
        .where(col(GapRow.ended_at) >= row.last_flush_at)
        .order_by(col(GapRow.ended_at).desc())
        .limit(1)
    ).first()
    if gap is not None:
        gap.ended_at = max(now, flush.at)
