"""The order of rows by their rate, held still where only chance moved it: nobody can read a table that shuffles."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

Row = TypeVar("Row")
_SECONDS: Final = 60.0
"""Over which the rates are counted."""
_CHANCE: Final = 3.0
"""Standard deviations of a count; less than that is no reason to move a row."""


class SteadyOrder(Generic[Row]):
    """The busiest first. A row keeps the rate that it was placed by, until its rate has changed by more than chance."""

    def __init__(self, key_of: Callable[[Row], str], rate_of: Callable[[Row], float]) -> None:
        self._key_of, self._rate_of = key_of, rate_of
        self._placed_by: dict[str, float] = {}

    def sorted(self, rows: Sequence[Row]) -> list[Row]:
        """The rows in order; of equals the one that came first stays first."""
        self._placed_by = {self._key_of(row): self._placed(row) for row in rows}
        return sorted(rows, key=lambda row: -self._placed_by[self._key_of(row)])

    def _placed(self, row: Row) -> float:
        now = self._rate_of(row)
        before = self._placed_by.get(self._key_of(row), now)
        chance = _CHANCE * math.sqrt(max(now, before) / _SECONDS)
        return before if now and before and abs(now - before) <= chance else now
