"""Plain text and JSON on standard output, remarks on standard error. Nothing from outside is parsed."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Final, TextIO

from keytui.domain.text import harmless

Json = dict[str, object] | list[dict[str, object]]

_GAP: Final = 2
"""Blanks between two columns."""
_CUT_TO: Final = 16
"""How narrow the column that is cut may become before others are left out."""


def say(line: str = "") -> None:
    """One line of the answer."""
    _write(sys.stdout, line)


def remark(line: str) -> None:
    """One line beside the answer, for the person who asked."""
    _write(sys.stderr, line)


def alarm(line: str) -> None:
    """A remark that nobody must overlook: red on a terminal, and its words say the same without the colour."""
    red = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    if red:
        sys.stderr.write("\x1b[1;31m")
    try:
        remark(line)
    finally:
        if red:
            sys.stderr.write("\x1b[0m")


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


def say_json_line(answer: Json) -> None:
    """One line of JSON, written at once: whoever reads along need not wait for the end."""
    sys.stdout.write(as_json(answer) + "\n")
    sys.stdout.flush()


def say_json_array(items: Iterable[dict[str, object]]) -> None:
    """A JSON array, one item a line, written as the items come."""
    separator = "[\n  "
    for item in items:
        sys.stdout.write(separator + json.dumps(item))
        separator = ",\n  "
    sys.stdout.write("[]\n" if separator.startswith("[") else "\n]\n")


def say_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], cut: str = "", leave_out: Sequence[str] = ()
) -> None:
    """Aligned columns; nothing at all for no rows.

    On a terminal that is too narrow, the column `cut` gives way first, then those of `leave_out` go, in that order.
    """
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return
    columns = dict(zip(headings, zip(*([harmless(cell) for cell in row] for row in rows), strict=True), strict=True))
    widths = {name: max(map(cell_len, (name, *cells))) for name, cells in columns.items()}
    room = _columns() if sys.stdout.isatty() else _total(widths)
    _narrow(widths, room, cut, leave_out)
    table = Table(box=None, pad_edge=False, show_edge=False)
    for name, width in widths.items():
        table.add_column(Text(name), width=width, no_wrap=True, overflow="ellipsis")
    for row in zip(*(columns[name] for name in widths), strict=True):
        table.add_row(*(Text(cell) for cell in row))
    console = Console(color_system=None, width=min(_total(widths), room), markup=False, highlight=False)
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        sys.stdout.write(line.rstrip() + "\n")


def say_fields(fields: Sequence[tuple[str, str]]) -> None:
    """Names and values, one a line; empty values are left out."""
    shown = [(name, value) for name, value in fields if value]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        say(f"{name:<{width}}  {value}")


def _narrow(widths: dict[str, int], room: int, cut: str, leave_out: Sequence[str]) -> None:
    """Make the columns fit: `cut` as far as it may be, then without those of `leave_out`, one after another."""
    wanted = widths.get(cut, 0)
    for name in leave_out:
        if _total(widths) - wanted + min(wanted, _CUT_TO) <= room:
            break
        widths.pop(name, None)
        wanted = widths.get(cut, 0)
    if cut in widths:
        widths[cut] = min(wanted, max(room - _total(widths) + wanted, _CUT_TO))


def _total(widths: dict[str, int]) -> int:
    return sum(widths.values()) + _GAP * (len(widths) - 1)


def _write(stream: TextIO, line: str) -> None:
    """On a terminal a long line is folded between words, under its own indentation."""
    shown = harmless(line)
    if stream.isatty() and len(shown) > _columns():
        indent = " " * (len(shown) - len(shown.lstrip()) + 2)
        shown = textwrap.fill(
            shown, _columns(), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
    stream.write(shown + "\n")


def _columns() -> int:
    return shutil.get_terminal_size().columns
