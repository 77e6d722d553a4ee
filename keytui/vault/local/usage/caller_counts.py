"""Requests by caller over a stretch of time, for many keys at once.

The statements name their order of reading (CROSS JOIN): each key, its callers, then their rows, which lie side by side.
Left alone, SQLite goes through the index of times, and so through everybody's rows.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, text
from sqlmodel import Session

from keytui.vault.local.columns import UtcTime
from keytui.vault.local.usage.counting import Version

_SINCE_UNTIL: Final = (bindparam("since", type_=UtcTime), bindparam("until", type_=UtcTime))
_REFUSED: Final = text(
    "SELECT c.key_id, c.version, c.source, coalesce(nullif(c.address, ''), c.name), sum(u.refused)"
    " FROM json_each(:versions) AS v CROSS JOIN callers AS c CROSS JOIN caller_usage AS u"
    " WHERE c.key_id = json_extract(v.value, '$[0]') AND c.version = CAST(json_extract(v.value, '$[1]') AS INTEGER)"
    " AND c.last_seen >= :since AND u.caller = c.id AND u.grain IN (1, 60)"
    " AND u.at >= :hour AND u.last_at >= :since AND u.refused > 0 GROUP BY c.id"
).bindparams(bindparam("since", type_=UtcTime), bindparam("hour", type_=UtcTime))
_ACCEPTED: Final = text(
    "SELECT c.key_id, c.name, c.source, sum(u.accepted)"
    " FROM json_each(:keys) AS k CROSS JOIN callers AS c CROSS JOIN caller_usage AS u"
    " WHERE c.key_id = json_extract(k.value, '$[0]') AND c.last_seen >= :since AND u.caller = c.id"
    " AND u.grain IN (1, 60) AND u.at >= :since AND u.at < :until AND u.accepted > 0"
    " GROUP BY c.key_id, c.name, c.source"
).bindparams(*_SINCE_UNTIL)


def refused_by_address(
    session: Session, versions: Iterable[Version], hour: datetime, since: datetime
) -> dict[Version, dict[str, int]]:
    """Refusals of each version by address, in the rows from `hour` on that speak of a time since `since`.

    Where several sources tell of a version, by the one that tells most.
    """
    given = {"versions": json.dumps(sorted(versions)), "hour": hour, "since": since}
    told: dict[Version, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for key_id, version, source, address, refused in session.connection().execute(_REFUSED, given):
        told[key_id, version][source][address] += refused
    return {version: max(sources.values(), key=lambda said: sum(said.values())) for version, sources in told.items()}


def accepted_by_caller(
    session: Session, key_ids: Iterable[str], since: datetime, until: datetime
) -> Mapping[str, Mapping[str, int]]:
    """Accepted requests of each key by caller's name; where several sources tell of one, by the one that tells most."""
    given = {"keys": json.dumps([(key_id,) for key_id in sorted(key_ids)]), "since": since, "until": until}
    callers: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for key_id, name, _, accepted in session.connection().execute(_ACCEPTED, given):
        callers[key_id][name] = max(callers[key_id][name], accepted)
    return callers
