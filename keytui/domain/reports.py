"""What an evidence source says at once, and where it goes on the next time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from keytui.domain.gaps import Gap
from keytui.domain.usage import RouteUse, Use


class SourceKind(StrEnum):
    """What sort of thing an evidence source is."""

    RECORDER = "recorder"
    ACCESS_LOG = "access log"
    COUNTERS = "counters"
    LAST_USED = "last-used field"
    REFUSALS = "refusal counter"


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a source goes on, by name: of a file its offset, of a counter its last value.

    `expected` is what the source found when it began (None or empty: nothing). A vault that holds another value by now
    refuses the report, because somebody else has counted the same thing. An empty value takes the bookmark away.
    """

    name: str
    value: str
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class Leak:
    """A whole secret stood where everybody reads it. `place` says where, as `access.log line 812`; never the secret."""

    key_id: str
    version: int
    place: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """One piece of a source's word. The vault takes it in whole, bookmarks included, or not at all.

    `since` is where the source's window begins (the first report's counts), `as_of` how far its word reaches.
    `attributable`: it tells keys and versions apart. `forgeable`: an outsider could have written some of it.
    `covers` are ids of keys that it should speak of even while it has nothing to say; a refusal counter without
    any speaks of all.
    """

    source: str
    kind: SourceKind
    since: datetime
    as_of: datetime
    uses: tuple[Use, ...] = ()
    routes: tuple[RouteUse, ...] = ()
    gaps: tuple[Gap, ...] = ()
    leaks: tuple[Leak, ...] = ()
    bookmarks: tuple[Bookmark, ...] = ()
    attributable: bool = True
    forgeable: bool = False
    covers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceStanding:
    """One evidence source as a vault knows it: what `keytui sources` lists."""

    name: str
    kind: SourceKind
    since: datetime
    as_of: datetime
    gaps: tuple[Gap, ...] = ()
    attributable: bool = True
    forgeable: bool = False
