"""How far a recorder elsewhere is believed: not about changes that are not there, nor about times that cannot be.

Whatever it told is counted all the same, and once: a flush that is refused would come again, and hold up the next.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from keytui.domain.usage import Flush, RouteUse, Use

LONGEST_AGO: Final = timedelta(days=90)
"""A recorder that is cut off keeps what it counted; hardly for longer than this."""


def believed(flush: Flush, position: int, now: datetime, ahead: timedelta) -> Flush:
    """The flush with nothing after `now + ahead` in it, nothing from times immemorial, and no change after `position`.

    A clock that is wrong shows in the flush's own time, which is cut to what still shows it. A use of such a time is
    counted as of now: it came later than it says or as late as that, and no key seems unused that was not.
    """
    earliest, latest = now - LONGEST_AGO, now + ahead
    return replace(
        flush,
        at=min(max(flush.at, earliest), latest),
        acknowledged=min(flush.acknowledged, position),
        uses=tuple(use if earliest <= use.minute and use.last_at <= latest else _now(use, now) for use in flush.uses),
        routes=tuple(use if earliest <= use.minute <= latest else _route_now(use, now) for use in flush.routes),
    )


def _now(use: Use, now: datetime) -> Use:
    return replace(use, minute=_minute(now), first_at=now, last_at=now, longest_gap=timedelta())


def _route_now(use: RouteUse, now: datetime) -> RouteUse:
    return replace(use, minute=_minute(now))


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
