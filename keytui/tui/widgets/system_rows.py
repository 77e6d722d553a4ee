"""Systems one under the other: how each stands, by a symbol and in words, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from textual.content import Content

from keytui.domain.text import harmless


class Mark(StrEnum):
    """How a system stands; the value is its symbol. The words beside it say the same."""

    WAITING = "·"
    ASKING = "◌"
    OK = "✓"
    SENT = "●"
    WARNING = "▲"
    UNKNOWN = "?"
    FAILED = "✗"
    NOT_ASKED = "○"


_STYLES: Final = {
    Mark.WAITING: "$quiet",
    Mark.ASKING: "$accent",
    Mark.OK: "$success",
    Mark.SENT: "$accent",
    Mark.WARNING: "$warning",
    Mark.UNKNOWN: "$warning",
    Mark.FAILED: "bold $error",
    Mark.NOT_ASKED: "$quiet",
}
_LOUD: Final = frozenset({Mark.FAILED})
"""The words of these have the colour of their symbol."""
_LONGEST_NAME: Final = 28
_WORDS_AT_LEAST: Final = 30
"""Cells that words need beside the names; with fewer they stand below."""


@dataclass(frozen=True, slots=True)
class SystemRow:
    """One system. `remarks` stand below it, each with its own mark; `ways_on` say what to do."""

    name: str
    mark: Mark
    words: str
    remarks: tuple[tuple[Mark, str], ...] = ()
    ways_on: tuple[str, ...] = ()


def system_rows(rows: Sequence[SystemRow], width: int) -> Content:
    """The rows in `width` cells. Nothing is cut: an error is read to its end."""
    longest = min(max((len(harmless(row.name)) for row in rows), default=0), _LONGEST_NAME)
    beside = width - longest - 4 >= _WORDS_AT_LEAST
    return Content("\n").join([line for row in rows for line in _lines(row, longest if beside else 0, width)])


def _lines(row: SystemRow, longest: int, width: int) -> Iterator[Content]:
    """`longest` is the width of the names that words stand beside, 0 where they stand below."""
    indent = longest + 4 if longest else 4
    room = max(width - indent, 20)
    words = _wrapped(row.words, room, _STYLES[row.mark] if row.mark in _LOUD else "")
    name = Content.styled(harmless(row.name), "bold")
    first = Content.assemble((f"{row.mark} ", _STYLES[row.mark]), name)
    if longest and name.cell_length <= longest:
        yield Content.assemble(first, " " * (longest - name.cell_length + 2), words.pop(0) if words else "")
    else:
        yield first
    for line in words:
        yield Content.assemble(" " * indent, line)
    for mark, remark in row.remarks:
        for at, line in enumerate(_wrapped(remark, room - 2, "")):
            lead = (f"{mark} ", _STYLES[mark]) if at == 0 else "  "
            yield Content.assemble(" " * indent, lead, line)
    for way_on in row.ways_on:
        for line in _wrapped(f"→ {way_on}", room, "$quiet"):
            yield Content.assemble(" " * indent, line)


def _wrapped(text: str, width: int, style: str) -> list[Content]:
    return list(Content.styled(harmless(text), style).wrap(width)) if text else []
