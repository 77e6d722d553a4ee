"""Whether the clock can be right, by what the vault has seen of the time: what is deleted by it never comes back.

A clock that has leapt ahead is not gone by at once. Nothing that is old by it is deleted until it has stayed there for
a day; one that is set right meanwhile has deleted nothing. One that is behind says nothing of the others: nothing young
is old by it, and it is not noted.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from keytui.vault.local.tables import AuditRow, LookRow

LEAP: Final = timedelta(days=60)
"""So far ahead of when it was last asked a clock has leapt, or nobody has used the vault."""
CONFIRMED: Final = timedelta(days=1)
"""So long it has to stay there."""
LONG_AHEAD: Final = timedelta(days=180)
"""So far ahead is said: a vault in use has entries of every sign-off and rotation."""
TOLERANCE: Final = timedelta(minutes=1)
"""So far hosts that share a vault may differ."""
_NOTED_EVERY: Final = timedelta(hours=1)
_TIME: Final = "the time"
_LEAP: Final = "a leap of the clock"


def time_to_delete_by(session: Session, now: datetime) -> datetime:
    """By which time what is old may be deleted: now, or when the clock was right last. In a writing session."""
    last, leap = _last(session), session.get(LookRow, _LEAP)
    if last is not None and last - now > TOLERANCE:
        return now
    if last is not None and now - last > LEAP:
        if leap is None or leap.at > now:
            session.merge(LookRow(what=_LEAP, at=now))
            return last
        if now - leap.at < CONFIRMED:
            return last
    if leap is not None:
        session.delete(leap)
    noted = session.get(LookRow, _TIME)
    if noted is None or now - noted.at >= _NOTED_EVERY:
        session.merge(LookRow(what=_TIME, at=now))
    return now


def clock_off(session: Session, now: datetime) -> timedelta:
    """How far the clock is behind the vault's newest entry (less than zero), or so far ahead that it may have leapt.

    Zero where it may be right.
    """
    newest = _newest_entry(session)
    if newest is not None and newest - now > TOLERANCE:
        return now - newest
    last = _last(session)
    return now - last if last is not None and now - last > LONG_AHEAD else timedelta()


def is_behind(session: Session, now: datetime) -> bool:
    """Whether this clock is wrong, rather than one before it: later is noted, and later is the newest entry."""
    newest, last = _newest_entry(session), _last(session)
    return newest is not None and last is not None and min(newest, last) - now > TOLERANCE


def _last(session: Session) -> datetime | None:
    """When the clock was gone by last; of a vault where nothing was to delete yet, its newest entry."""
    noted = session.get(LookRow, _TIME)
    return _newest_entry(session) if noted is None else noted.at


def _newest_entry(session: Session) -> datetime | None:
    return session.exec(select(AuditRow.at).order_by(col(AuditRow.sequence).desc()).limit(1)).first()
