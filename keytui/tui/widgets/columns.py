"""Columns of a table: which of them fit a width, and a row as one line of aligned cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from textual.content import Content

from keytui.domain.text import MARKS_AT_MOST

Row = TypeVar("Row")
GAP = 2
"""Cells between two columns."""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column. `rank` 0 always stays; of the others the highest goes first when the table is narrow.

    A column with `grow` shares what is left over, in that proportion. `cell` gives harmless text only. A `whole` cell
    has parts, two spaces between them: those that do not fit are counted, and none is cut in half.
    """

    title: str
    width: int
    cell: Callable[[Row], Content]
    rank: int = 0
    grow: int = 0
    right: bool = False
    whole: bool = False


Fitted = tuple[tuple[Column[Row], int], ...]


def fitted(columns: Sequence[Column[Row]], width: int) -> Fitted[Row]:
    """The columns that fit `width` cells, each with the cells it gets."""
    kept = list(columns)
    while _needed(kept) > width and any(column.rank for column in kept):
        kept.remove(max(kept, key=lambda column: column.rank))
    spare = max(width - _needed(kept), 0)
    shares = sum(column.grow for column in kept)
    return tuple((column, column.width + (spare * column.grow // shares if column.grow else 0)) for column in kept)


def titles(columns: Fitted[Row]) -> Content:
    """The head of the table."""
    return Content(" " * GAP).join([sized(Content(column.title), width, column.right) for column, width in columns])


def cells(columns: Fitted[Row], row: Row) -> Content:
    """One row, every cell cut or padded to its column by cell width."""
    return Content(" " * GAP).join([cell(column, row, width) for column, width in columns])


def cell(column: Column[Row], row: Row, width: int) -> Content:
    """One cell, cut or padded to `width`."""
    content = column.cell(row)
    return sized(_whole_parts(content, width) if column.whole else content, width, column.right)


def _whole_parts(content: Content, width: int) -> Content:
    parts = content.split("  ")
    for kept in range(len(parts), 0, -1):
        hidden = len(parts) - kept
        counted = [Content.styled(f"+{hidden}", "$quiet")] if hidden else []
        shown = Content("  ").join([*parts[:kept], *counted])
        if shown.cell_length <= width:
            return shown
    return content


def _needed(columns: Sequence[Column[Row]]) -> int:
    return sum(column.width for column in columns) + GAP * max(len(columns) - 1, 0)


def sized(content: Content, width: int, right: bool) -> Content:
    """The content, cut or padded to `width`; at its right end where that is asked for."""
    content = content[: (width + 1) * (MARKS_AT_MOST + 1)]  # more is cut in any case, and would take its time
    cut = content.truncate(width, ellipsis=True)
    missing = width - cut.cell_length
    return cut.pad_left(missing) if right else cut.pad_right(missing)
