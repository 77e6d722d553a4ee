"""Keys by their times: due, expiring, expired, idle and stale ones, counted by environment.

An environment is asked at a time: then its policy's line is one number, what it divides is a range of an index, and
what is not flagged is not read. A vault may hold a million keys, and every console looks once a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Mapped
from sqlmodel import Session, and_, col, func, or_, select

from keytui.domain.detectors.folding import MOST_SINGLE, KeyName
from keytui.domain.detectors.lifetimes import Dated, Lot
from keytui.domain.keys import Flag, Kind
from keytui.domain.policy import Policies
from keytui.vault.local.keys.search import Condition, flag_condition
from keytui.vault.local.tables import KeyCountRow, KeyRow


@dataclass(frozen=True, slots=True)
class _Range:
    """Keys of one environment by one of their times: the first is the most pressing."""

    matching: Condition
    time: Mapped[datetime] | Mapped[datetime | None]
    never_used: bool = False


def lots(session: Session, flag: Flag, policies: Policies, now: datetime) -> Iterator[Lot]:
    """The keys with a flag by environment; disabled ones are left out where nobody could use them anyway."""
    environments = select(KeyCountRow.environment).distinct().order_by(col(KeyCountRow.environment))
    for environment in session.exec(environments).all():
        ranges = _ranges(flag, Policies(policies.of(environment), {}), now)
        found = [_dated(session, environment, one) for one in ranges]
        total = sum(count for count, _ in found)
        if total:
            keys = sorted((key for _, keys in found for key in keys), key=lambda one: (one.at, one.key.name))
            yield Lot(environment, total, tuple(keys[:MOST_SINGLE]))


def _ranges(flag: Flag, policies: Policies, now: datetime) -> tuple[_Range, ...]:
    flagged = flag_condition(flag, policies, now)
    usable = and_(
        col(KeyRow.disabled_at).is_(None), or_(col(KeyRow.expires_at).is_(None), col(KeyRow.expires_at) > now)
    )
    used = _Range(and_(flagged, usable), col(KeyRow.last_used_at))
    if flag is Flag.IDLE:
        return (used,)
    if flag is Flag.STALE:
        old = col(KeyRow.created_at) <= now - policies.default.stale
        # Only of these do we see any use: what a third party's token does, nobody reports.
        ours = KeyRow.kind == Kind.API_KEY
        never = and_(flag_condition(Flag.NEVER_USED, policies, now), old, ours, usable)
        return used, _Range(never, col(KeyRow.created_at), never_used=True)
    return (_Range(flagged, col(KeyRow.version_created_at if flag is Flag.DUE else KeyRow.expires_at)),)


def _dated(session: Session, environment: str, given: _Range) -> tuple[int, list[Dated]]:
    """How many keys of the environment are in the range, and the first of them."""
    matching = and_(KeyRow.environment == environment, given.matching)
    total = session.exec(select(func.count()).select_from(KeyRow).where(matching)).one()
    if not total:
        return 0, []
    first = select(KeyRow.id, KeyRow.name, KeyRow.version, given.time).where(matching)
    return total, [
        Dated(KeyName(key_id, name, environment), version, at, given.never_used)
        for key_id, name, version, at in session.exec(first.order_by(given.time, col(KeyRow.name)).limit(MOST_SINGLE))
        if at is not None
    ]
