"""Plain text and JSON on standard output, remarks on standard error. Nothing from outside is parsed."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Final, TextIO

from keytui.cli.plainly import plain, row_lines, spoken
from keytui.domain.text import harmless

Json = dict[str, object] | list[dict[str, object]]

_GAP: Final = 2
"""Blanks between two columns."""
_CUT_TO: Final = 16
"""How narrow the column that is cut may become before others are left out."""
_MOST_CELLS: Final = 1000
"""How wide a column may be where nothing limits it but the cells of one row: every other is padded to it."""
_WORD: Final = re.compile(r" *[^ ]+")


def say(line: str = "") -> None:
    """One line of the answer."""
    _write(sys.stdout, line)


def remark(line: str) -> None:
    """One line beside the answer, for the person who asked."""
    _write(sys.stderr, line)


def alarm(line: str) -> None:
    """A remark that nobody must overlook: red on a terminal, and its words say the same without the colour."""
    red = sys.stderr.isatty() and not plain() and not os.environ.get("NO_COLOR")
    if red:
        sys.stderr.write("\x1b[1;31m")
    try:
        remark(line)
    finally:
        if red:
            sys.stderr.write("\x1b[0m")


def progress(line: str) -> None:
    """A remark that only somebody who watches needs."""
    if sys.stderr.isatty() and not plain():
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


def say_json_with(head: dict[str, object], name: str, items: Iterable[dict[str, object]]) -> None:
    """A JSON object whose last member is an array, one item a line, written as the items come."""
    sys.stdout.write(f"{json.dumps(head, indent=2).removesuffix('}').rstrip()},\n  {json.dumps(name)}: ")
    say_json_array(items)
    sys.stdout.write("}\n")


def say_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], cut: str = "", leave_out: Sequence[str] = ()
) -> None:
    """Aligned columns; nothing at all for no rows.

    On a terminal that is too narrow, the column `cut` gives way first, then those of `leave_out` go, in that order,
    then the widest are cut. Elsewhere only the last column is as wide as it likes.
    """
    if not rows:
        return
    shown = [[harmless(cell) for cell in row] for row in rows]
    if plain():
        _say_facts(headings, shown)
        return
    columns = dict(zip(headings, zip(*shown, strict=True), strict=True))
    widths = {name: max(map(_cells, (name, *cells))) for name, cells in columns.items()}
    if sys.stdout.isatty():
        _narrow(widths, _columns(), cut, leave_out)
    else:
        widths |= {name: min(widths[name], _MOST_CELLS) for name in headings[:-1]}
    for line in (tuple(widths), *zip(*(columns[name] for name in widths), strict=True)):
        cells = (_fitted(cell, width) for cell, width in zip(line, widths.values(), strict=True))
        sys.stdout.write((" " * _GAP).join(cells).rstrip() + "\n")


def say_fields(fields: Sequence[tuple[str, str]]) -> None:
    """Names and values, one a line; empty values are left out."""
    shown = [(harmless(name), value) for name, value in fields if value]
    width = max((_cells(name) for name, _ in shown), default=0)
    for name, value in shown:
        say(f"{name}: {value}" if plain() else f"{_fitted(name, width)}  {value}")


def _say_facts(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A line for each cell, and an empty one after each row but the last."""
    for number, row in enumerate(rows):
        if number:
            say()
        for line in row_lines(tuple(headings), tuple(row)):
            say(line)


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
    if _total(widths) > room:
        most = next(most for most in range(room, 0, -1) if most == 1 or _total(_at_most(widths, most)) <= room)
        widths |= _at_most(widths, most)


def _at_most(widths: dict[str, int], most: int) -> dict[str, int]:
    return {name: min(width, most) for name, width in widths.items()}


def _total(widths: dict[str, int]) -> int:
    return sum(widths.values()) + _GAP * (len(widths) - 1)


def _cells(text: str) -> int:
    """How wide it is on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _fitted(text: str, width: int) -> str:
    """Cut or padded to so many cells; no character is cut in half."""
    missing = width - _cells(text)
    if missing >= 0:
        return text + " " * missing
    if text.isascii():
        return text[: width - 1] + "…"
    from rich.cells import set_cell_size

    return set_cell_size(text, width - 1) + "…"


def _write(stream: TextIO, line: str) -> None:
    """On a terminal a long line is folded between words, under its own indentation."""
    shown = harmless(line)
    if plain():
        shown = spoken(shown)
    elif stream.isatty() and _cells(shown) > _columns():
        shown = _folded(shown, _columns())
    stream.write(shown + "\n")


def _folded(line: str, width: int) -> str:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    lines: list[str] = []
    for word in _WORD.findall(line):
        if lines and _cells(lines[-1] + word) <= width:
            lines[-1] += word
        else:
            lines.append(indent + word.lstrip(" ") if lines else word)
    return "\n".join(lines)


def _columns() -> int:
    return shutil.get_terminal_size().columns
