"""Plain text and JSON on standard output, remarks on standard error. Nothing from outside is parsed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from keytui.domain.text import harmless

UNLIMITED: Final = 100_000
"""A width that cuts nothing: what a pipe or file gets."""

Json = dict[str, object] | list[dict[str, object]]


def say(line: str = "") -> None:
    """One line of the answer."""
    sys.stdout.write(harmless(line) + "\n")


def remark(line: str) -> None:
    """One line beside the answer, for the person who asked."""
    sys.stderr.write(harmless(line) + "\n")


def progress(line: str) -> None:
    """A remark that only somebody who watches needs."""
    if sys.stderr.isatty():
        remark(line)


def as_json(answer: Json) -> str:
    """One line of JSON; everything beyond ASCII is escaped, so that it is safe on a terminal and exact in a program."""
    return json.dumps(answer)


def say_json(answer: Json) -> None:
    """The answer as indented JSON."""
    sys.stdout.write(json.dumps(answer, indent=2) + "\n")


def say_json_array(items: Iterable[dict[str, object]]) -> None:
    """A JSON array, one item a line, written as the items come."""
    separator = "[\n  "
    for item in items:
        sys.stdout.write(separator + json.dumps(item))
        separator = ",\n  "
    sys.stdout.write("[]\n" if separator.startswith("[") else "\n]\n")


def say_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Aligned columns, cut to its width on a terminal; nothing at all for no rows."""
    if not rows:
        return
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading in headings:
        table.add_column(Text(heading), no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(Text(harmless(cell)) for cell in row))
    for line in _drawn(table):
        sys.stdout.write(line + "\n")


def say_fields(fields: Sequence[tuple[str, str]]) -> None:
    """Names and values, one a line; empty values are left out."""
    shown = [(name, value) for name, value in fields if value]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        say(f"{name:<{width}}  {value}")


def _drawn(table: Table) -> Iterator[str]:
    terminal = sys.stdout.isatty()
    console = Console(color_system=None, width=None if terminal else UNLIMITED, markup=False, highlight=False)
    with console.capture() as capture:
        console.print(table)
    return (line.rstrip() for line in capture.get().splitlines())
