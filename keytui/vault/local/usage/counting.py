"""Counts of requests by version and bucket of time. What several sources saw of one version is merged, never added.

The statements name their order of reading (CROSS JOIN): each series, then its rows, which lie side by side. Left alone,
SQLite goes through the index of times and looks every row up. Rows of every grain count where their stretch begins.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Final

from sqlalchemy import Text, TextualSelect, bindparam, column, text
from sqlmodel import Session

from keytui.domain.monitor import Counts
from keytui.vault.local.columns import Span, UtcTime

Version = tuple[str, int]
"""A key's id and the version's number."""
ByBucket = dict[Version, dict[datetime, Counts]]
"""What each version had in each bucket, by its beginning; without the empty ones."""
_Claim = tuple[str, int, str, datetime, int, int]
"""A key's id, the version's number, who says so, the bucket's beginning, accepted, refused."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time, both ends included, in buckets that are counted from 1970."""

    since: datetime
    until: datetime
    bucket: timedelta


@dataclass(slots=True)
class Claims:
    """What the sources say of a stretch, not merged yet."""

    alone: dict[Version, Counts] = field(default_factory=dict)
    """Of the versions that one source speaks of."""
    buckets: dict[datetime, Counts] = field(default_factory=dict)
    """All of `alone` together, by bucket."""
    shared: dict[tuple[Version, datetime], dict[str, Counts]] = field(default_factory=dict)
    """Of the others, by bucket and source."""

    def __add__(self, later: Claims) -> Claims:
        """With those of the stretch that follows, whose first bucket may be this one's last."""
        both = Claims(dict(self.alone), dict(self.buckets), {each: dict(said) for each, said in self.shared.items()})
        for version, counts in later.alone.items():
            both.alone[version] = both.alone.get(version, Counts()) + counts
        for at, counts in later.buckets.items():
            both.buckets[at] = both.buckets.get(at, Counts()) + counts
        for each, said in later.shared.items():
            sources = both.shared.setdefault(each, {})
            for source, counts in said.items():
                sources[source] = sources.get(source, Counts()) + counts
        return both

    def merged(self) -> tuple[dict[Version, Counts], dict[datetime, Counts]]:
        """What each version had, and what all had by bucket."""
        versions, buckets = dict(self.alone), dict(self.buckets)
        for (version, at), said in self.shared.items():
            counts = reduce(or_, said.values())
            versions[version] = versions.get(version, Counts()) + counts
            buckets[at] = buckets.get(at, Counts()) + counts
        return versions, buckets


def claims(session: Session, over: Stretch, key_ids: Sequence[str] | None = None) -> Claims:
    """What the sources say of all keys, or of some: summed where one source speaks alone, else by bucket."""
    found = sums(session, over, key_ids)
    for at, accepted, refused in session.connection().execute(_ALONE_BY_BUCKET, _given(over, key_ids)):
        found.buckets[at] = Counts(accepted, refused)
    return found


def sums(session: Session, over: Stretch, key_ids: Sequence[str] | None = None) -> Claims:
    """The same without `buckets`, which cost more than the rest."""
    connection, given, found = session.connection(), _given(over, key_ids), Claims()
    for key_id, version, accepted, refused in connection.execute(_ALONE, given):
        found.alone[key_id, version] = Counts(accepted, refused)
    for key_id, version, source, at, accepted, refused in connection.execute(_SHARED_BY_BUCKET, given):
        found.shared.setdefault(((key_id, version), at), {})[source] = Counts(accepted, refused)
    return found


def _given(over: Stretch, key_ids: Sequence[str] | None) -> dict[str, datetime | timedelta | str | None]:
    keys = None if key_ids is None else json.dumps([(key_id,) for key_id in key_ids])
    return {"since": over.since, "until": over.until, "bucket": over.bucket, "keys": keys}


def by_bucket(session: Session, over: Stretch, key_ids: Sequence[str]) -> ByBucket:
    """What each version of some keys had in each bucket."""
    return _merged((*row,) for row in session.connection().execute(_BY_BUCKET, _given(over, key_ids)))


def of_source(session: Session, over: Stretch, source: str) -> dict[datetime, Counts]:
    """What one source saw of all keys together, by bucket."""
    given = {"since": over.since, "until": over.until, "bucket": over.bucket, "source": source}
    found = session.connection().execute(_ONE_SOURCE_BY_BUCKET, given)
    return {at: Counts(accepted, refused) for at, accepted, refused in found}


def by_minute(session: Session, since: datetime, until: datetime) -> ByBucket:
    """What every version had in each minute of a short stretch; read by time, because most keys have nothing in it."""
    found = session.connection().execute(_BY_MINUTE, {"since": since, "until": until})
    return _merged((*row,) for row in found)


def keys_with(session: Session, over: Stretch, least: int) -> set[str]:
    """The keys of which all sources together tell of so many accepted requests, probes left out; read by time."""
    given = {"since": over.since, "until": over.until, "least": least}
    return {key_id for (key_id,) in session.connection().execute(_KEYS_WITH, given)}


def _merged(said: Iterable[_Claim]) -> ByBucket:
    merged: ByBucket = defaultdict(dict)
    for key_id, version, _, at, accepted, refused in said:
        buckets = merged[key_id, version]
        buckets[at] = buckets.get(at, Counts()) | Counts(accepted, refused)
    return dict(merged)


_COLUMNS: Final = {
    "key_id": "s.key_id",
    "version": "s.version",
    "source": "s.source",
    "bucket_at": "u.at - u.at % :bucket",
    "at": "u.at",
    "accepted": "u.accepted",
    "refused": "u.refused",
    "all_accepted": "sum(u.accepted)",
    "all_refused": "sum(u.refused)",
}
_TIMES: Final = ("bucket_at", "at")
_WITHIN: Final = "u.at >= :since AND u.at <= :until"
_OF_SERIES: Final = (
    "FROM series AS s CROSS JOIN usage AS u",
    "WHERE NOT s.probe AND u.series = s.id AND u.grain IN (1, 60, 1440) AND",
    _WITHIN,
)
_OF_SOME: Final = "s.key_id IN (SELECT json_extract(value, '$[0]') FROM json_each(:keys))"
_OF_ALL_OR_SOME: Final = f"AND (:keys IS NULL OR {_OF_SOME})"
_OTHER_SOURCE: Final = (
    "EXISTS (SELECT 1 FROM series AS o WHERE o.key_id = s.key_id AND o.version = s.version"
    " AND NOT o.probe AND o.source <> s.source)"
)


def _statement(columns: Sequence[str], *rest: str) -> TextualSelect:
    """These columns, and the rest of the statement word by word."""
    sql = " ".join(("SELECT", ", ".join(f"{_COLUMNS[name]} AS {name}" for name in columns), *rest))
    statement = text(sql).bindparams(bindparam("since", type_=UtcTime), bindparam("until", type_=UtcTime))
    if ":keys" in sql:
        statement = statement.bindparams(bindparam("keys", type_=Text))
    if ":bucket" in sql:
        statement = statement.bindparams(bindparam("bucket", type_=Span))
    return statement.columns(*(column(name, UtcTime if name in _TIMES else None) for name in columns))


_SUMS: Final = ("all_accepted", "all_refused")
_ALONE: Final = _statement(
    ("key_id", "version", *_SUMS), *_OF_SERIES, _OF_ALL_OR_SOME, "AND NOT", _OTHER_SOURCE, "GROUP BY s.id"
)
_ALONE_BY_BUCKET: Final = _statement(
    ("bucket_at", *_SUMS), *_OF_SERIES, _OF_ALL_OR_SOME, "AND NOT", _OTHER_SOURCE, "GROUP BY bucket_at"
)
_CLAIMED: Final = ("key_id", "version", "source", "bucket_at", *_SUMS)
_ONE_SOURCE_BY_BUCKET: Final = _statement(
    ("bucket_at", *_SUMS), *_OF_SERIES, "AND s.source = :source GROUP BY bucket_at"
)
_SHARED_BY_BUCKET: Final = _statement(
    _CLAIMED, *_OF_SERIES, _OF_ALL_OR_SOME, "AND", _OTHER_SOURCE, "GROUP BY s.id, bucket_at"
)
_BY_BUCKET: Final = _statement(_CLAIMED, *_OF_SERIES, "AND", _OF_SOME, "GROUP BY s.id, bucket_at")
_BY_MINUTE: Final = _statement(
    ("key_id", "version", "source", "at", "accepted", "refused"),
    "FROM usage AS u CROSS JOIN series AS s WHERE u.grain = 1 AND",
    _WITHIN,
    "AND s.id = u.series AND NOT s.probe",
)
_KEYS_WITH: Final = _statement(
    ("key_id",),
    "FROM usage AS u CROSS JOIN series AS s WHERE u.grain IN (1, 60, 1440) AND",
    _WITHIN,
    "AND s.id = u.series AND NOT s.probe GROUP BY s.key_id HAVING sum(u.accepted) >= :least",
)
