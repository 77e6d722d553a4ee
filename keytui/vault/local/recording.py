"""A flush's uses, counted: by minute, by caller over its whole history, and as the last use of versions and keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy.dialects.sqlite import insert
from sqlmodel import Session, col, func, or_, select, update

from keytui.domain.keys import VersionState
from keytui.domain.usage import OTHER_CALLERS, Caller, Use
from keytui.vault.local.tables import CallerRow, KeyRow, UsageRow, VersionRow

MOST_CALLERS: Final = 1_000
"""Callers of one version that are told apart; the requests of further ones are counted together."""


def count_uses(session: Session, uses: Iterable[Use]) -> None:
    """Add the uses of one flush, in the session's transaction. Probes are counted by minute and nowhere else."""
    by_version: dict[tuple[str, int], list[Use]] = defaultdict(list)
    probes: list[Use] = []
    for use in sorted(uses, key=lambda use: use.first_at):
        (probes if use.probe else by_version[use.key_id, use.version]).append(use)
    for (key_id, version), group in by_version.items():
        _count_minutes(session, tuple(_count_callers(session, key_id, version, group)))
        if accepted := [use.last_at for use in group if use.accepted]:
            _touch(session, key_id, version, max(accepted))
    _count_minutes(session, probes)


def _count_callers(session: Session, key_id: str, version: int, uses: Sequence[Use]) -> Iterator[Use]:
    """The uses as they are to be counted by minute: those of callers beyond the most, under one name."""
    names = {OTHER_CALLERS.name, *(use.caller.name for use in uses)}
    stored = select(CallerRow).where(CallerRow.key_id == key_id, CallerRow.version == version)
    rows = {(row.name, row.declared): row for row in session.exec(stored.where(col(CallerRow.name).in_(names)))}
    room: int | None = None
    for use in uses:
        caller = use.caller
        if (caller.name, caller.declared) not in rows:
            room = MOST_CALLERS - _told_apart(session, key_id, version) if room is None else room
            caller = caller if room > 0 else OTHER_CALLERS
            room -= 1
        row = rows.get((caller.name, caller.declared))
        if row is None:
            row = rows[caller.name, caller.declared] = _new_caller(key_id, version, caller, use.first_at)
            session.add(row)
        _add(row, use)
        yield replace(use, caller=caller)


def _told_apart(session: Session, key_id: str, version: int) -> int:
    counted = select(func.count()).where(CallerRow.key_id == key_id, CallerRow.version == version)
    return session.exec(counted).one()


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


def _touch(session: Session, key_id: str, version: int, at: datetime) -> None:
    """Note the last use. A key that was rotated at once counts anew: late word of a revoked version is passed over."""
    row = session.get(VersionRow, (key_id, version))
    if row is None:
        return
    row.last_used_at = max(row.last_used_at or at, at)
    if row.state != VersionState.REVOKED:
        earlier = or_(col(KeyRow.last_used_at).is_(None), col(KeyRow.last_used_at) < at)
        session.exec(update(KeyRow).where(col(KeyRow.id) == key_id, earlier).values(last_used_at=at))
