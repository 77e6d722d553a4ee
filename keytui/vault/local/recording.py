"""A flush's uses, counted: by minute, by caller over its whole history, and as the last use of versions and keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import product
from typing import Final, TypeVar

from sqlalchemy import BindParameter, ColumnElement, bindparam, tuple_
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import Session, col, func, select, update

from keytui.domain.keys import VersionState
from keytui.domain.usage import OTHER_CALLERS, Caller, Use
from keytui.vault.local.columns import UtcTime
from keytui.vault.local.tables import CallerRow, KeyRow, UsageRow, VersionRow

MOST_CALLERS: Final = 1_000
"""Callers of one version that are told apart; the requests of further ones are counted together."""
_AT_A_TIME: Final = 500
_Version = tuple[str, int]
"""A key's id and the version's number."""
_Name = tuple[str, bool]
"""A caller's name, and whether it declared it."""
_T = TypeVar("_T")


def count_uses(session: Session, uses: Iterable[Use]) -> None:
    """Add the uses of one flush, in the session's transaction. Probes are counted by minute and nowhere else.

    A few statements for the whole flush, however many keys it speaks of: a busy service flushes every second.
    """
    ordered = sorted(uses, key=lambda use: use.first_at)
    real = [use for use in ordered if not use.probe]
    counted = list(_count_callers(session, real))
    _count_minutes(session, [*counted, *(use for use in ordered if use.probe)])
    _touch(session, {_version(use): use.last_at for use in sorted(real, key=lambda use: use.last_at) if use.accepted})


def _version(use: Use) -> _Version:
    return use.key_id, use.version


def _count_callers(session: Session, uses: Sequence[Use]) -> Iterator[Use]:
    """The uses as they are to be counted by minute: those of callers beyond the most, under one name."""
    rows = _stored_callers(session, uses)
    unknown = {_version(use) for use in uses if (_version(use), _name(use.caller)) not in rows}
    room = {version: MOST_CALLERS - count for version, count in _told_apart(session, unknown).items()}
    for use in uses:
        version, caller = _version(use), use.caller
        if (version, _name(caller)) not in rows:
            caller = caller if room[version] > 0 else OTHER_CALLERS
            room[version] -= 1
        row = rows.get((version, _name(caller)))
        if row is None:
            row = rows[version, _name(caller)] = _new_caller(*version, caller, use.first_at)
            session.add(row)
        _add(row, use)
        yield replace(use, caller=caller)


def _name(caller: Caller) -> _Name:
    return caller.name, caller.declared


def _stored_callers(session: Session, uses: Sequence[Use]) -> dict[tuple[_Version, _Name], CallerRow]:
    names = sorted({OTHER_CALLERS.name, *(use.caller.name for use in uses)})
    found: dict[tuple[_Version, _Name], CallerRow] = {}
    for versions, some in product(_chunks(sorted({_version(use) for use in uses})), _chunks(names)):
        of_versions = tuple_(col(CallerRow.key_id), col(CallerRow.version)).in_(versions)
        for row in session.exec(select(CallerRow).where(of_versions, col(CallerRow.name).in_(some))):
            found[(row.key_id, row.version), (row.name, row.declared)] = row
    return found


def _told_apart(session: Session, versions: Iterable[_Version]) -> dict[_Version, int]:
    """How many callers of each version are stored."""
    counts = dict.fromkeys(versions, 0)
    for some in _chunks(sorted(counts)):
        of_versions = tuple_(col(CallerRow.key_id), col(CallerRow.version)).in_(some)
        counted = select(CallerRow.key_id, CallerRow.version, func.count()).where(of_versions)
        for key_id, version, count in session.exec(counted.group_by(col(CallerRow.key_id), col(CallerRow.version))):
            counts[key_id, version] = count
    return counts


def _chunks(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Few enough at a time for the parameters of one statement."""
    return (values[start : start + _AT_A_TIME] for start in range(0, len(values), _AT_A_TIME))


def _new_caller(key_id: str, version: int, caller: Caller, at: datetime) -> CallerRow:
    return CallerRow(
        key_id=key_id,
        version=version,
        name=caller.name,
        declared=caller.declared,
        address=caller.address,
        agent=caller.agent,
        first_seen=at,
        last_seen=at,
    )


def _add(row: CallerRow, use: Use) -> None:
    row.first_seen = min(row.first_seen, use.first_at)
    row.last_seen = max(row.last_seen, use.last_at)
    row.refused += use.refused
    if not use.accepted:
        return
    if row.last_accepted_at is not None:
        between = use.first_at - row.last_accepted_at
        row.longest_gap = max(gap for gap in (row.longest_gap, between, use.longest_gap) if gap is not None)
    elif use.accepted > 1:
        row.longest_gap = use.longest_gap
    row.accepted += use.accepted
    row.last_accepted_at = max(row.last_accepted_at or use.last_at, use.last_at)


def _count_minutes(session: Session, uses: Sequence[Use]) -> None:
    if not uses:
        return
    new = insert(UsageRow)
    stored, more = UsageRow.__table__.c, new.excluded  # type: ignore[attr-defined]  # SQLModel does not declare it
    added = new.on_conflict_do_update(
        index_elements=[stored.key_id, stored.version, stored.caller, stored.declared, stored.minute, stored.probe],
        set_={
            "first_at": func.min(stored.first_at, more.first_at),
            "last_at": func.max(stored.last_at, more.last_at),
            "accepted": stored.accepted + more.accepted,
            "refused": stored.refused + more.refused,
        },
    )
    session.connection().execute(added, [_minute(use) for use in uses])


def _minute(use: Use) -> dict[str, object]:
    return {
        "key_id": use.key_id,
        "version": use.version,
        "caller": use.caller.name,
        "declared": use.caller.declared,
        "minute": use.minute,
        "probe": use.probe,
        "first_at": use.first_at,
        "last_at": use.last_at,
        "accepted": use.accepted,
        "refused": use.refused,
    }


def _touch(session: Session, last_uses: Mapping[_Version, datetime]) -> None:
    """Note the last uses. A key that was rotated at once counts anew: late word of a revoked version is passed over."""
    if not last_uses:
        return
    given = [{"of_key": key_id, "of_number": number, "at": at} for (key_id, number), at in last_uses.items()]
    at = bindparam("at", type_=UtcTime)
    of_version = (col(VersionRow.key_id) == bindparam("of_key"), col(VersionRow.number) == bindparam("of_number"))
    alive = select(VersionRow.number).where(*of_version, VersionRow.state != VersionState.REVOKED)
    connection = session.connection()
    connection.execute(
        update(VersionRow).where(*of_version).values(last_used_at=_later(VersionRow.last_used_at, at)), given
    )
    connection.execute(
        update(KeyRow)
        .where(col(KeyRow.id) == bindparam("of_key"), alive.exists())
        .values(last_used_at=_later(KeyRow.last_used_at, at)),
        given,
    )


def _later(stored: datetime | None, at: BindParameter[datetime]) -> ColumnElement[datetime]:
    return func.max(func.coalesce(col(stored), at), at)
