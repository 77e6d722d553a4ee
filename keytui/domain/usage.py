"""Usage: who sent requests with which version, aggregated by minute, and what a recorder says of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from keytui.domain.text import harmless


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends requests: a declared client name, else address and user agent (perhaps several programs)."""

    name: str
    """The declared name, else `address agent`."""
    declared: bool = False
    address: str = ""
    agent: str = ""

    @property
    def shared_possible(self) -> bool:
        """Whether several programs may hide behind this caller."""
        return not self.declared

    @staticmethod
    def undeclared(address: str, agent: str = "") -> Caller:
        """A caller known by where it comes from and what it calls itself."""
        return Caller(f"{address} {agent}".strip() or "unknown", False, address, agent)

    @staticmethod
    def called(name: str, address: str = "", agent: str = "") -> Caller:
        """A caller that declared its name. Where it came from is noted beside, and makes no other caller of it."""
        return Caller(name, True, address, agent)

    def unrecognised(self) -> Caller:
        """The same caller with a secret that is nobody's: its name could be anybody's word, its address is not."""
        return Caller.undeclared(self.address)


UNKNOWN_CALLER = Caller.undeclared("")
OTHER_CALLERS = Caller("further callers")
"""Stands for everyone beyond the most callers of one version that are told apart."""
NO_KEY: Final = ""
"""Stands, with version 0, for the key of secrets that belong to none: their refusals are counted by address only."""
MOST_ROUTES: Final = 200
"""Routes of one key that are told apart; requests to further ones are counted together."""
OTHER_ROUTES: Final = "further routes"
LONGEST_ROUTE: Final = 120
_AUTHORITY: Final = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/]*")
_CHANGING: Final = re.compile(r"(?<![^/])(?![vV]\d{1,3}(?![^/]))(?:[^/\d.@:%]*[\d.@:%][^/]*|[^/]{20,})")
"""A segment of a path that changes: with a digit or a sign that names rarely have, or long: an id, a date, an address,
a token. `v1` is the exception."""


@lru_cache(maxsize=4096)
def route_of(path: str) -> str:
    """The route of a path: without its query, with `*` for every segment that changes from request to request.

    So that no secret gets into a route, every segment of twenty characters or with a digit in it is left out, and the
    user and host of a whole address. A short word stays, be it a person's name.
    """
    plain = _AUTHORITY.sub("", path.partition("?")[0].partition("#")[0])
    return harmless(_CHANGING.sub("*", plain)[:LONGEST_ROUTE]) or "/"


@dataclass(frozen=True, slots=True)
class Use:
    """One minute of one caller on one version, as a recorder flushes it. `minute` is truncated, UTC."""

    key_id: str
    version: int
    caller: Caller
    minute: datetime
    first_at: datetime
    last_at: datetime
    accepted: int = 0
    refused: int = 0
    longest_gap: timedelta = timedelta()
    """The longest pause between two of its accepted requests inside this flush."""
    probe: bool = False
    """Our own question whether a key works: recorded, never counted as use."""


@dataclass(frozen=True, slots=True)
class RouteUse:
    """One minute of one key's requests to one route (a path with its numbers and ids left out)."""

    key_id: str
    route: str
    minute: datetime
    accepted: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Flush:
    """What a recorder hands over at once: complete, numbered, and honest about what it lost."""

    recorder: str
    sequence: int
    """Rises by one with each flush of a recorder: a repeat is recognised, a hole is a gap."""
    at: datetime
    uses: tuple[Use, ...] = ()
    dropped: int = 0
    acknowledged: int = 0
    """The newest change of the vault that this process's verifier has taken in."""
    closing: bool = False
    """A clean end: nothing is missing after it."""
    routes: tuple[RouteUse, ...] = ()


@dataclass(frozen=True, slots=True)
class CallerUse:
    """What is known of one caller on one version of a key."""

    caller: Caller
    version: int
    first_seen: datetime
    last_seen: datetime
    accepted: int
    refused: int = 0
    longest_gap: timedelta | None = None
    """The longest pause between two accepted requests; None while it was seen only once."""


@dataclass(frozen=True, slots=True)
class UsagePoint:
    """Requests of one version in one bucket of time."""

    at: datetime
    version: int
    accepted: int
    refused: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Requests per key over a window, in buckets of `bucket`, oldest first."""

    key_id: str
    key_name: str
    since: datetime
    until: datetime
    bucket: timedelta
    points: tuple[UsagePoint, ...]

    @property
    def accepted(self) -> int:
        return sum(point.accepted for point in self.points)

    @property
    def refused(self) -> int:
        return sum(point.refused for point in self.points)
