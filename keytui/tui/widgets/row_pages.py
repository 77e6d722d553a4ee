"""The rows of a long table that are here: by page, each as old as the question it answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic

from keytui.tui.widgets.columns import Row

PAGE: Final = 100


class RowPages(Generic[Row]):
    """Pages of rows, how many rows there are, and what was asked for. A turn is one time that rows are asked for anew.

    Rows of an earlier question are nobody's any more; those of an earlier turn of the same stay until their successors
    are here.
    """

    def __init__(self, key_of: Callable[[Row], str]) -> None:
        self.total: int | None = None
        """How many rows there are; None until that is known, which may be after the first of them are here."""
        self.turn = 1
        self._key_of = key_of
        self._begun = 1
        """The first turn of this question."""
        self._answered = 0
        self._least = 0
        """How many rows there are at least, while their number is not known."""
        self._pages: dict[int, tuple[int, tuple[Row, ...]]] = {}
        self._asked: dict[int, int] = {}

    @property
    def extent(self) -> int:
        """How many rows can be gone to: all, or those that are known of while they are counted."""
        return self._least if self.total is None else self.total

    @property
    def empty(self) -> bool:
        """Whether no rows have come yet."""
        return not self._pages

    @property
    def waiting(self) -> bool:
        """Whether rows that were wanted have not come yet."""
        return any(turn > self._pages.get(page, (0, ()))[0] for page, turn in self._asked.items())

    def begin(self, *, other: bool) -> None:
        """Ask anew, and another question if it is one."""
        self.turn += 1
        if other:
            self._begun = self.turn

    def want(self, page: int) -> bool:
        """Whether to ask for a page: it is not here as of this turn, and nobody has asked yet."""
        if max(self._asked.get(page, 0), self._pages.get(page, (0, ()))[0]) >= self.turn:
            return False
        self._asked[page] = self.turn
        return True

    def put(self, turn: int, offset: int, rows: Sequence[Row], total: int | None) -> bool:
        """Rows that were asked for; False, and nothing has changed, for those that are older than any that is here.

        Without a total `count` is to follow. Until then the number before holds, if it is of the same question.
        """
        if turn < self._answered:
            return False
        other = self._answered < self._begun
        self._answered = turn
        if other:
            self._pages = {number: held for number, held in self._pages.items() if held[0] >= self._begun}
            self.total, self._least = None, 0
        self._pages[offset // PAGE] = (turn, tuple(rows))
        self._least = max(self._least, offset + len(rows))
        self.total = self.total if total is None else total
        self._cut()
        return True

    def count(self, turn: int, total: int) -> bool:
        """How many rows there are, of those that were asked for in that turn; False for an earlier question's."""
        if turn < self._begun:
            return False
        self.total = total
        self._cut()
        return True

    def row(self, index: int) -> Row | None:
        """The row at a place, if it is here."""
        page = self._pages.get(index // PAGE)
        within = index % PAGE
        return page[1][within] if page is not None and 0 <= within < len(page[1]) else None

    def is_at(self, row: Row, index: int) -> bool:
        """Whether that place is the row's."""
        there = self.row(index)
        return there is not None and self._key_of(there) == self._key_of(row)

    def place_of(self, row: Row, page: int) -> int | None:
        """Where on a page the row is now."""
        wanted = self._key_of(row)
        rows = self._pages.get(page, (0, ()))[1]
        return next((page * PAGE + at for at, other in enumerate(rows) if self._key_of(other) == wanted), None)

    def _cut(self) -> None:
        """Pages behind the end are none."""
        self._pages = {number: held for number, held in self._pages.items() if number * PAGE < max(self.extent, 1)}
