"""Charts of the tables in docs/performance.md: `python -m tests.benchmarks.charts [DIRECTORY]`.

Nothing is measured here. A chart shows what its table says, so it cannot tell anything else.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

from rich import box
from rich.bar import Bar
from rich.console import Console
from rich.table import Table
from rich.terminal_theme import DEFAULT_TERMINAL_THEME

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "performance.md"
CHARTS: Final = DOCUMENT.parent / "charts"
MILLION: Final = "The whole run in a quiet hour"
"""How the paragraph begins that stands above the table."""
_TIME: Final = re.compile(r"([\d.]+) ms")
_LATE: Final = re.compile(r"p95 ([\d.]+) ms")
_RATIO: Final = re.compile(r"ratio ([\d.]+)")
_WHAT, _WHO, _BAR, _WIDTH = 50, 34, 50, 150
"""Cells of the columns, and of the picture."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of a table, in milliseconds; of several the 95th percentile."""

    what: str
    ours: float
    beside: str
    theirs: float | None
    aim: float


def measured(document: str, above: str) -> Iterator[Measured]:
    """The rows that have a time and an aim, of the first table below the paragraph that begins so."""
    lines = iter(document[document.index(f"\n{above}") :].splitlines())
    rows = (line for line in lines if line.startswith("|"))
    for row in rows:
        what, ours, baseline, aim, *_ = (cell.strip() for cell in row.strip("|").split("|"))
        took, compared = _milliseconds(ours), _milliseconds(baseline)
        wanted = _aim(aim, compared)
        if took is not None and wanted is not None:
            yield Measured(what, took, baseline.split(",")[0], compared, wanted)
        if what == "the slowest filters":
            return


def _milliseconds(cell: str) -> float | None:
    found = _LATE.search(cell) or _TIME.search(cell)
    return float(found[1]) if found else None


def _aim(cell: str, baseline: float | None) -> float | None:
    """A time, or so many times the baseline's."""
    ratio = _RATIO.search(cell)
    if ratio is not None and baseline is not None:
        return float(ratio[1]) * baseline
    return _milliseconds(cell)


def drawn(rows: list[Measured]) -> Table:
    """A line for each side of each row: as long as it took, against the aim, which is half the width."""
    table = Table(box=box.HORIZONTALS, show_edge=False)
    table.add_column("", width=_WHAT)
    table.add_column("", width=_WHO)
    table.add_column("ms", justify="right")
    table.add_column("half of the width is the aim, the whole its double", width=_BAR, no_wrap=True)
    for row in rows:
        sides = [
            ("keytui", row.ours),
            *([(row.beside, row.theirs)] if row.theirs is not None else []),
            ("aim", row.aim),
        ]
        for number, (who, took) in enumerate(sides):
            colour = {"keytui": "blue", "aim": "green"}.get(who, "bright_black")
            bar = Bar(row.aim * 2, 0, min(took, row.aim * 2), width=_BAR, color=colour)
            table.add_row(row.what if number == 0 else "", who.removeprefix("a "), f"{took:.0f}", bar)
        table.add_section()
    return table


def svg(rows: list[Measured]) -> str:
    """The chart as a picture; the same rows give the same one."""
    console = Console(record=True, width=_WIDTH, file=StringIO(), color_system="truecolor", force_terminal=True)
    console.print(drawn(rows))
    return console.export_svg(title="a million keys", theme=DEFAULT_TERMINAL_THEME, unique_id="keytui")


def main(directory: Path) -> None:
    """Draw every chart into `directory`."""
    directory.mkdir(exist_ok=True)
    rows = list(measured(DOCUMENT.read_text(encoding="utf-8"), MILLION))
    (directory / "million.svg").write_text(svg(rows), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CHARTS)
