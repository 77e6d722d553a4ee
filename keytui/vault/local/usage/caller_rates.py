"""Callers in the monitor: how fast each one is, who was refused from where, and who has not moved."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Text, bindparam, column, text
from sqlmodel import Session, col, select

from keytui.domain.monitor import MINUTE, CallerTraffic, Counts, RefusedFrom, Unmoved, rate
from keytui.domain.rotation import Rotation
from keytui.domain.usage import NO_KEY
from keytui.vault.local.columns import UtcTime
from keytui.vault.local.mapping import stored_id
from keytui.vault.local.tables import CallerRow
from keytui.vault.local.usage.buckets import by_caller, caller_use, names_of
from keytui.vault.local.usage.grains import Grain, floor

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def caller_traffic(session: Session, rows: Iterable[CallerRow], now: datetime) -> tuple[CallerTraffic, ...]:
    """Each caller of each version over all sources, the fastest first, then the latest."""
    callers = by_caller(rows)
    names = names_of(session, {key_id for (key_id, _), _, _ in callers})
    rates = _rates(session, [stored_id(row.id) for said in callers.values() for row in said], now)
    found = [
        CallerTraffic(key_id, names[key_id], caller_use(said), max(rates.get(stored_id(row.id), 0.0) for row in said))
        for ((key_id, _), _, _), said in callers.items()
        if key_id in names
    ]
    return tuple(sorted(found, key=lambda each: (each.per_minute, each.use.last_seen), reverse=True))


def unmoved(session: Session, rotations: Sequence[Rotation], now: datetime) -> dict[int, tuple[Unmoved, ...]]:
    """Of each rotation whose new version is out, the callers that were last let in with the old one, by name."""
    out = {rotation.key_id: rotation for rotation in rotations if rotation.delivered_at is not None}
    rows = session.exec(select(CallerRow).where(col(CallerRow.key_id).in_(out), CallerRow.accepted > 0)).all()
    callers = by_caller(rows)
    rates = _rates(session, [stored_id(row.id) for row in rows], now)
    found: dict[int, list[Unmoved]] = defaultdict(list)
    for ((key_id, version), name, declared), said in callers.items():
        rotation = out[key_id]
        on_new = callers.get(((key_id, rotation.new_version or 0), name, declared), [])
        if version == rotation.old_version and (not on_new or _last(said) > _last(on_new)):
            per_minute = max(rates.get(stored_id(row.id), 0.0) for row in said)
            found[rotation.id].append(Unmoved(name, declared, _last(said), per_minute))
    return {number: tuple(sorted(each, key=lambda caller: caller.caller)) for number, each in found.items()}


def refused_from(
    session: Session, since: datetime, limit: int, key_ids: Sequence[str] | None = None
) -> tuple[RefusedFrom, ...]:
    """Addresses whose requests were refused, the most refused first; of a stretch that reaches into the time, all.

    With keys, of those alone; without, requests with a secret of no key are among them.
    """
    key_id = key_ids[0] if key_ids is not None and len(key_ids) == 1 else None
    wanted = None if key_ids is None else frozenset(key_ids)
    given = {"since": since, "earliest": floor(since, _DAY), "key": key_id}
    claimed: dict[tuple[str, str, int], int] = defaultdict(int)
    last_at: dict[str, datetime] = {}
    for address, of_key, version, refused, last in session.connection().execute(_REFUSED, given):
        if wanted is not None and of_key not in wanted:
            continue
        claimed[address, of_key, version] = max(claimed[address, of_key, version], refused)
        last_at[address] = max(last_at.get(address, last), last)
    keys: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (address, of_key, _), refused in claimed.items():
        keys[address][of_key] += refused
    worst = sorted(keys, key=lambda address: (-sum(keys[address].values()), address))[:limit]
    names = names_of(session, {of_key for address in worst for of_key in keys[address]}) | {NO_KEY: NO_KEY}
    return tuple(
        RefusedFrom(address, sum(keys[address].values()), last_at[address], _by_refusals(keys[address], names))
        for address in worst
    )


def _by_refusals(keys: dict[str, int], names: dict[str, str]) -> tuple[str, ...]:
    ordered = sorted(keys, key=lambda key_id: (-keys[key_id], key_id))
    return tuple(names[key_id] for key_id in ordered if key_id in names)


def _last(said: Sequence[CallerRow]) -> datetime:
    return max(row.last_accepted_at or row.last_seen for row in said)


def _rates(session: Session, callers: Sequence[int], now: datetime) -> dict[int, float]:
    """Requests per minute of callers by their numbers; those that are still are left out."""
    counts: dict[tuple[int, Grain], dict[datetime, Counts]] = defaultdict(dict)
    given = {
        "callers": json.dumps([(caller,) for caller in callers]),
        "minute": floor(now, MINUTE) - MINUTE,
        "hour": floor(now, _HOUR) - _HOUR,
    }
    lively = set[int]()
    for caller, grain, at, accepted, refused, last_at in session.connection().execute(_STRETCHES, given):
        counts[caller, Grain(grain)][at] = Counts(accepted, refused)
        if now - last_at <= MINUTE:
            lively.add(caller)
    return {caller: _per_minute(counts, caller, now) for caller in lively}


def _per_minute(counts: dict[tuple[int, Grain], dict[datetime, Counts]], caller: int, now: datetime) -> float:
    grain, span = (Grain.MINUTE, MINUTE) if (caller, Grain.MINUTE) in counts else (Grain.HOUR, _HOUR)
    stretches, running = counts[caller, grain], floor(now, span)
    none = Counts()
    return rate(stretches.get(running, none), stretches.get(running - span, none), now, span).requests * 60


_STRETCHES: Final = (
    text(
        """
        SELECT caller, grain, at, accepted, refused, last_at FROM caller_usage
        WHERE caller IN (SELECT CAST(json_extract(value, '$[0]') AS INTEGER) FROM json_each(:callers))
          AND grain IN (1, 60) AND at >= :hour AND (grain = 60 OR at >= :minute)
        """
    )
    .bindparams(bindparam("minute", type_=UtcTime), bindparam("hour", type_=UtcTime))
    .columns(
        column("caller"),
        column("grain"),
        column("at", UtcTime),
        column("accepted"),
        column("refused"),
        column("last_at", UtcTime),
    )
)
_REFUSED: Final = (
    text(
        """
        SELECT c.address, c.key_id, c.version, sum(u.refused) AS refused, max(u.last_at) AS last_at
        FROM callers AS c CROSS JOIN caller_usage AS u
        WHERE c.refused > 0 AND c.last_seen >= :since AND c.address <> '' AND (:key IS NULL OR c.key_id = :key)
          AND u.caller = c.id AND u.grain IN (1, 60, 1440) AND u.at >= :earliest
          AND u.last_at >= :since AND u.refused > 0
        GROUP BY c.address, c.key_id, c.version, c.source
        """
    )
    .bindparams(bindparam("since", type_=UtcTime), bindparam("earliest", type_=UtcTime), bindparam("key", type_=Text))
    .columns(column("address"), column("key_id"), column("version"), column("refused"), column("last_at", UtcTime))
)
"""Callers first, by an index of those that were ever refused: they are few, and their rows lie side by side."""
