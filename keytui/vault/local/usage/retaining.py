"""How usage ages: minutes are rolled into hours, hours into days, and days are dropped. Totals do not change by it.

Nothing that the verdict on an open rotation may ask for is rolled: of its key, what is younger than 48 hours before
the oldest rotation that is open. All in the session's transaction, so that a crash in the middle changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Insert,
    Select,
    Table,
    delete,
    func,
    literal,
    select,
    tuple_,
    union_all,
)
from sqlmodel import Session

from keytui.domain.retention import Retention
from keytui.vault.local.dialects import greatest, insert, least
from keytui.vault.local.tables import METADATA, LookRow
from keytui.vault.local.usage.forgetting import forget_addresses, forget_strangers
from keytui.vault.local.usage.grains import Grain, floor

PULSES_KEPT: Final = timedelta(hours=1)
"""The longest that a graph is drawn from single flushes."""
BEFORE_ROTATION: Final = timedelta(hours=48)
"""What the key of an open rotation keeps from before its beginning."""
STRANGERS_KEPT: Final = timedelta(days=2)
"""How long an address is kept that never sent the secret of any key."""
_ADDRESSES: Final = "addresses"
_ADDRESSES_EVERY: Final = timedelta(hours=1)
_ADDRESSES_AT_ONCE: Final = 100
"""Every text that may name one of them is read."""
_COUNTED: Final = frozenset({"accepted", "refused"})
_Bound = Callable[..., ColumnElement[datetime]]
_BOUNDS: Final[Mapping[str, tuple[_Bound, _Bound]]] = {"first_at": (func.min, least), "last_at": (func.max, greatest)}
"""How the times of many rows become one: within a statement, and with the row that is there."""
_USAGE: Final = METADATA.tables["usage"]
_CALLER_USAGE: Final = METADATA.tables["caller_usage"]
_ROUTE_USAGE: Final = METADATA.tables["route_usage"]
_OLDEST: Final = union_all(
    *(
        select(literal(table.name), literal(int(grain)), func.min(table.c.at)).where(table.c.grain == grain)
        for table in (_USAGE, _CALLER_USAGE, _ROUTE_USAGE)
        for grain in Grain
    )
)
_PULSES: Final = METADATA.tables["pulses"]
_SERIES: Final = METADATA.tables["series"]
_CALLERS: Final = METADATA.tables["callers"]
_ROTATIONS: Final = METADATA.tables["rotations"]


@dataclass(frozen=True, slots=True)
class _Step:
    """Rows of one table and grain that begin before `until`: into which grain they go; dropped when into none."""

    table: Table
    grain: Grain
    until: datetime
    into: Grain | None


def roll_up(session: Session, retention: Retention, now: datetime, at_most: int) -> int:
    """Let what is old enough age, up to `at_most` rows; how many it was. As many as were asked for: there is more."""
    oldest, kept_from = _oldest(session), _kept_from(session)
    done = 0
    for step in _steps(retention, now):
        due = done > 0 or oldest.get((step.table.name, step.grain), now) < step.until
        if due and done < at_most:  # what was rolled just now may be old enough for the next grain
            done += _age_or_keep(session, step, kept_from, at_most - done)
    done += _drop_pulses(session, now - PULSES_KEPT, at_most - done)
    return done + _forget(session, retention, now, at_most - done)


def _steps(retention: Retention, now: datetime) -> Iterator[_Step]:
    """A whole hour or day at a time, so that only what came in late is added to one that was rolled."""
    minutes_until = floor(now - retention.minutes, timedelta(minutes=Grain.HOUR))
    hours_until = floor(now - retention.hours, timedelta(minutes=Grain.DAY))
    for table in (_USAGE, _CALLER_USAGE, _ROUTE_USAGE):
        yield _Step(table, Grain.MINUTE, minutes_until, Grain.HOUR)
        yield _Step(table, Grain.HOUR, hours_until, Grain.DAY)
        yield _Step(table, Grain.DAY, now - retention.days, None)


def _oldest(session: Session) -> Mapping[tuple[str, int], datetime]:
    """The oldest row of each table and grain: looks into an index, because mostly there is nothing to do."""
    return {(name, grain): at for name, grain, at in session.connection().execute(_OLDEST) if at}


def _kept_from(session: Session) -> datetime | None:
    """From when on the keys of open rotations keep everything; None when no rotation is open."""
    began = select(func.min(_ROTATIONS.c.started_at)).where(_ROTATIONS.c.closed_at.is_(None))
    earliest: datetime | None = session.connection().execute(began).scalar()
    return earliest - BEFORE_ROTATION if earliest else None


def _age_or_keep(session: Session, step: _Step, kept_from: datetime | None, at_most: int) -> int:
    """Open rotations keep minutes by the million: to find the others among them, those are gone through once an hour.

    What comes in late, or was kept for a rotation that has ended, waits for the next full hour.
    """
    if kept_from is None or step.grain is not Grain.MINUTE:
        return _age(session, step, kept_from, at_most)
    what = f"{step.table.name} by the minute"
    looked = session.get(LookRow, what)
    if looked is not None and looked.at == step.until:
        return 0
    done = _age(session, step, kept_from, at_most)
    if done < at_most:
        session.merge(LookRow(what=what, at=step.until))
    return done


def _age(session: Session, step: _Step, kept_from: datetime | None, at_most: int) -> int:
    table = step.table
    old = select(table).where(table.c.grain == step.grain, table.c.at < step.until)
    if kept_from is not None and table is not _ROUTE_USAGE:
        old = old.where(_of_no_rotation(table) | (table.c.at < kept_from))
    keys = tuple(table.primary_key)
    picked = old.order_by(table.c.at, *(column for column in keys if column is not table.c.at)).limit(at_most)
    if step.into is not None:
        session.connection().execute(_rolled(session, table, picked, step.into))
    those = tuple_(*keys).in_(picked.with_only_columns(*keys))
    return session.connection().execute(delete(table).where(those)).rowcount


def _of_no_rotation(table: Table) -> ColumnElement[bool]:
    rotating = select(_ROTATIONS.c.key_id).where(_ROTATIONS.c.closed_at.is_(None))
    if table is _USAGE:
        return table.c.series.not_in(select(_SERIES.c.id).where(_SERIES.c.key_id.in_(rotating)))
    return table.c.caller.not_in(select(_CALLERS.c.id).where(_CALLERS.c.key_id.in_(rotating)))


def _rolled(session: Session, table: Table, picked: Select[tuple[object, ...]], into: Grain) -> Insert:
    """The picked rows as fewer of a coarser grain, added to those that are there."""
    rows = picked.subquery("picked")
    bucket = literal(timedelta(minutes=into) // timedelta(microseconds=1))
    at = rows.c.at - func.mod(rows.c.at, bucket)
    names = [column.name for column in table.columns]
    values = {name: rows.c[name] for name in names} | {"grain": literal(int(into)), "at": at}
    values |= {name: func.sum(rows.c[name]) for name in _COUNTED}
    values |= {name: bound(rows.c[name]) for name, (bound, _) in _BOUNDS.items() if name in names}
    keys = [values[column.name] for column in table.primary_key]
    folded = select(*(values[name] for name in names)).where(rows.c.at.is_not(None)).group_by(*keys)
    new = insert(session, table).from_select(names, folded)
    added = {name: table.c[name] + new.excluded[name] for name in _COUNTED}
    added |= {name: bound(table.c[name], new.excluded[name]) for name, (_, bound) in _BOUNDS.items() if name in names}
    return new.on_conflict_do_update(index_elements=list(table.primary_key), set_=added)


def _drop_pulses(session: Session, until: datetime, at_most: int) -> int:
    keys = tuple(_PULSES.primary_key)
    old = select(*keys).where(_PULSES.c.at < until).order_by(*keys).limit(max(at_most, 0))
    return session.connection().execute(delete(_PULSES).where(tuple_(*keys).in_(old))).rowcount


def _forget(session: Session, retention: Retention, now: datetime, at_most: int) -> int:
    """Once an hour, whichever process comes first: it looks through many callers."""
    looked = session.get(LookRow, _ADDRESSES)
    if at_most <= 0 or (looked is not None and timedelta() <= now - looked.at < _ADDRESSES_EVERY):
        return 0
    at_once = min(at_most, _ADDRESSES_AT_ONCE)
    done = forget_addresses(session, now - retention.address_days, at_once)
    done += forget_strangers(session, now - STRANGERS_KEPT, at_once - done)
    if done < at_once:
        session.merge(LookRow(what=_ADDRESSES, at=now))
    return done
