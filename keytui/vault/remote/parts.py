"""Long lists, asked for in parts: a server answers with so many rows at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

MOST_ROWS: Final = 1_000
P = TypeVar("P")
T = TypeVar("T")


def in_parts(
    limit: int, part: Callable[[int, int], P], rows_of: Callable[[P], tuple[T, ...]]
) -> tuple[tuple[T, ...], P]:
    """Up to `limit` rows, and the last part of them. `part(at, most)` asks for those from there on."""
    found: tuple[T, ...] = ()
    while True:
        most = min(limit - len(found), MOST_ROWS)
        last = part(len(found), max(most, 1))
        rows = rows_of(last)[:most]
        found += rows
        if len(rows) < most or len(found) >= limit:
            return found, last
