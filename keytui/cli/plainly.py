"""Plain output for a screen reader: one fact a line, words for symbols, nothing drawn again."""

from __future__ import annotations

import os
from contextvars import ContextVar
from typing import Final

VARIABLE: Final = "KEYTUI_PLAIN"
_asked: Final = ContextVar("asked", default=False)
_SPOKEN: Final = {
    "✓ ": "good: ",
    "✗ ": "bad: ",
    "≠ ": "differs: ",
    "▲ ": "warning: ",
    "· ": "note: ",
    "→ ": "way out: ",
    "…": "...",
}


_HEADINGS: Final = {"#": "number", "ENV": "environment", "VER": "version"}
"""Where a column's heading is too short to be read out."""


def ask_for_plain() -> None:
    """`--plain`: for the rest of this command line."""
    _asked.set(True)


def plain() -> bool:
    """Whether `--plain` or KEYTUI_PLAIN asks for it."""
    return _asked.get() or bool(os.environ.get(VARIABLE))


def spoken(line: str) -> str:
    """A line with words for its symbols, without the blanks that align it."""
    said = " ".join(line.split())
    for symbol, word in _SPOKEN.items():
        said = said.replace(symbol, word)
    return said


def row_lines(headings: tuple[str, ...], row: tuple[str, ...]) -> list[str]:
    """One row of a table as `heading: value` lines; what is empty or a dash is left out."""
    told = ((_HEADINGS.get(name, name.lower()), cell) for name, cell in zip(headings, row, strict=True))
    return [f"{name}: {cell}" for name, cell in told if cell.strip(" —·-")]
