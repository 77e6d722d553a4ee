"""Routes of keys: told apart up to a number, and counted by the hour, which is what traffic is compared by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from sqlmodel import Session, col, func, select

from keytui.domain.text import harmless
from keytui.domain.usage import MOST_ROUTES, OTHER_ROUTES, RouteUse
from keytui.vault.local.dialects import insert
from keytui.vault.local.listing import listed, part
from keytui.vault.local.mapping import stored_id
from keytui.vault.local.tables import RouteRow, RouteUsageRow
from keytui.vault.local.usage.grains import Grain, floor

_HOUR: Final = timedelta(hours=1)
_Key = tuple[str, str]
"""A key's id and the route."""


def count_routes(session: Session, routes: Sequence[RouteUse], source: str) -> None:
    """Add a source's requests by route; those to routes beyond the most as one."""
    if not routes:
        return
    ids = _known(session, {_key(use) for use in routes}, source)
    ids |= _told_apart(session, [_key(use) for use in routes if _key(use) not in ids], source)
    new = insert(session, RouteUsageRow)
    stored, more = RouteUsageRow.__table__.c, new.excluded  # type: ignore[attr-defined]  # SQLModel does not declare it
    added = new.on_conflict_do_update(
        index_elements=[stored.route, stored.grain, stored.at],
        set_={"accepted": stored.accepted + more.accepted, "refused": stored.refused + more.refused},
    )
    given = [
        {
            "route": ids[_key(use)],
            "grain": Grain.HOUR,
            "at": floor(use.minute, _HOUR),
            "accepted": use.accepted,
            "refused": use.refused,
        }
        for use in routes
    ]
    session.connection().execute(added, given)


def _key(use: RouteUse) -> _Key:
    return use.key_id, harmless(use.route)


def _known(session: Session, wanted: Iterable[_Key], source: str) -> dict[_Key, int]:
    """The numbers of those that are stored."""
    ordered = sorted(wanted)
    given = listed(ordered)
    found = select(given.c.key, RouteRow.id).join_from(
        given,
        RouteRow,
        (col(RouteRow.key_id) == part(given, 0, str))
        & (col(RouteRow.source) == source)
        & (col(RouteRow.route) == part(given, 1, str)),
    )
    return {ordered[place]: stored_id(number) for place, number in session.exec(found)}


def _told_apart(session: Session, unknown: Sequence[_Key], source: str) -> dict[_Key, int]:
    """The numbers of new routes, stored now; where a key has no room for more, that of the further routes."""
    if not unknown:
        return {}
    room = _room(session, {key_id for key_id, _ in unknown}, source)
    counted_as: dict[_Key, _Key] = {}
    for key_id, route in dict.fromkeys(unknown):
        counted_as[key_id, route] = key_id, route if room[key_id] > 0 else OTHER_ROUTES
        room[key_id] -= 1
    new = [{"key_id": key_id, "source": source, "route": route} for key_id, route in dict.fromkeys(counted_as.values())]
    session.connection().execute(insert(session, RouteRow).on_conflict_do_nothing(), new)
    ids = _known(session, set(counted_as.values()), source)
    return {key: ids[other] for key, other in counted_as.items()}


def _room(session: Session, key_ids: Iterable[str], source: str) -> dict[str, int]:
    """How many more routes of each key can be told apart."""
    room = dict.fromkeys(key_ids, MOST_ROUTES)
    given = listed([(key_id,) for key_id in sorted(room)])
    counted = (
        select(RouteRow.key_id, func.count())
        .join_from(given, RouteRow, (col(RouteRow.key_id) == part(given, 0, str)) & (col(RouteRow.source) == source))
        .group_by(col(RouteRow.key_id))
    )
    return room | {key_id: MOST_ROUTES - count for key_id, count in session.exec(counted)}
