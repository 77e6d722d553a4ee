"""The console over a vault with a million keys, beside a bare Textual app and beside fzf over the same lines.

    python -m tests.benchmarks.million [--keys N] [--home DIRECTORY]

It presses keys in a pseudo-terminal (120x36), notes every byte with its time, and says when the rows, and the number of
keys beside the filter, were as they stayed. With `--home` the vault stays there for the next run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Final

from tests.benchmarks.million_keys import fill, write_lines
from tests.benchmarks.strokes import Stroke, Watched

KEYS: Final = 1_000_000
STARTS: Final = 5
MOVES: Final = 40
SORTS: Final = 8
_IDLE_SECONDS: Final = 12.0
_WORDS: Final = (
    "orders-api-99",
    "payments",
    "999",
    "mail-sync",
    "-77",
    "platform",
    "zzzz",
    "users-cron-4242",
    "growth",
)
"""What is typed into the filter, each from its first character on."""
_LONG: Final = 3
_ROWS: Final = slice(6, 26)
"""Lines of the console that hold rows, the glance and what stands above them left out."""
_FOUND: Final = slice(0, 26)
"""The same with the filter's line, which says how many keys there are."""
_ALL: Final = slice(None)
_BARE: Final = """
from textual.app import App
from textual.widgets import DataTable

class Bare(App):
    def compose(self):
        yield DataTable(cursor_type="row")
    def on_mount(self):
        table = self.query_one(DataTable)
        table.add_columns("name", "environment", "owner", "prefix", "flags")
        table.add_rows([(f"bare-table-{n}", "production", "nobody", "tk_", "-") for n in range(100)])

Bare().run()
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table in docs/performance.md."""

    what: str
    measured: str
    baseline: str
    aim: str

    def __str__(self) -> str:
        return f"| {self.what} | {self.measured} | {self.baseline} | {self.aim} |"


def main() -> None:
    """Print one line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=KEYS)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--starts", type=int, default=STARTS, help="how often each is started; 0 leaves that out")
    options = parser.parse_args()
    with TemporaryDirectory() as scratch:
        home = options.home or Path(scratch) / "home"
        home.mkdir(exist_ok=True)
        fill(home, options.keys)
        write_lines(home, Path(scratch) / "lines")
        print(f"load {os.getloadavg()[0]:.1f}")  # noqa: T201  # the benchmark's output
        for figure in figures(home, Path(scratch) / "lines", options.keys, starts=options.starts):
            print(figure, flush=True)  # noqa: T201  # the benchmark's output


def figures(home: Path, lines: Path, keys: int, starts: int = STARTS) -> Iterator[Figure]:
    """Everything that issue 6 asks of a vault of this size."""
    env = {**os.environ, "KEYTUI_HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    console, bare = (sys.executable, "-m", "keytui"), (sys.executable, "-c", _BARE)
    if starts:
        yield from _starts(console, bare, env, starts)
    with Watched(bare, env) as watched:
        watched.until("bare-table-9 ")
        watched.rest(1)
        bare_moves = _pressed(watched, ["down"] * MOVES)
    with Watched(console, env) as watched:
        watched.until(f"{keys:,} keys")
        watched.rest(8)
        silent = watched.rest(_IDLE_SECONDS)
        yield Figure(f"bytes in {_IDLE_SECONDS:.0f} s in which nothing changes", f"{silent}", "", "0")
        yield from _moves(_pressed(watched, ["j"] * MOVES), bare_moves)
        ends = _pressed(watched, ["G", "g"] * 5)
        yield _times("Home and End", [one.settled(_ROWS) for one in ends.strokes], ends.each, "", "50 ms")
        sorts = _pressed(watched, ["s"] * SORTS)
        yield _times("sort by the next field", [one.settled(_ROWS) for one in sorts.strokes], sorts.each, "", "250 ms")
        watched.press("/")
        before = watched.processor
        typed = _typed(watched)
        taken = (watched.processor - before) / len(typed)
        resident = watched.resident
    with Watched(
        (shutil.which("fzf") or "fzf", "--no-mouse"), {**env, "FZF_DEFAULT_COMMAND": f"cat {lines}"}
    ) as watched:
        watched.until(f"{keys}/{keys}")
        watched.rest(1)
        before = watched.processor
        searched = _typed(watched)
        fuzzy_taken = (watched.processor - before) / len(searched)
        fuzzy = watched.resident
    yield from _filters(typed, searched)
    yield Figure("processor time of a character in the filter", _ms(taken), f"fzf, {_ms(fuzzy_taken)}", "")
    yield Figure("resident memory, after all of that", _mib(resident), f"fzf, {_mib(fuzzy)}", "110 MiB")


def _starts(console: Sequence[str], bare: Sequence[str], env: Mapping[str, str], times: int) -> Iterator[Figure]:
    for what, text, aim in (("frame painted", "opening", "1.2"), ("keys shown", " keys   by name", "2")):
        pairs = [(_start(console, env, text), _start(bare, env, "bare-table-9 ")) for _ in range(times)]
        ours, theirs = zip(*pairs, strict=True)
        ratio = median(ours) / median(theirs)
        told = f"a bare Textual app with a DataTable, {_ms(median(theirs))}; ratio {ratio:.2f}"
        yield Figure(what, f"{_ms(median(ours))} (best {_ms(min(ours))})", told, f"ratio {aim}")


def _start(argv: Sequence[str], env: Mapping[str, str], text: str) -> float:
    with Watched(argv, env) as watched:
        return watched.until(text)


@dataclass(frozen=True, slots=True)
class Pressed:
    """Strokes, and the seconds of processor time that each took on average."""

    strokes: tuple[Stroke, ...]
    each: float


def _pressed(watched: Watched, keys: Sequence[str]) -> Pressed:
    before = watched.processor
    strokes = tuple(watched.press(key) for key in keys)
    return Pressed(strokes, (watched.processor - before) / len(keys))


def _moves(ours: Pressed, theirs: Pressed) -> Iterator[Figure]:
    beside = f"the bare app, {_spread([stroke.first for stroke in theirs.strokes])}; processor {_ms(theirs.each)}"
    yield _times("a cursor move", [one.first for one in ours.strokes], ours.each, beside, "5 ms")
    bare = round(median(stroke.written() for stroke in theirs.strokes))
    moved = round(median(stroke.burst for stroke in ours.strokes))
    rested = round(median(stroke.written() for stroke in ours.strokes))
    yield Figure("its bytes (with the glance that follows)", f"{moved} ({rested})", f"the bare app, {bare}", "500")


def _typed(watched: Watched) -> dict[str, Stroke]:
    """Each word typed character by character; what the filter holds then, with its stroke."""
    found: dict[str, Stroke] = {}
    for word in _WORDS:
        for length in range(1, len(word) + 1):
            stroke = watched.press(word[length - 1])
            found.setdefault(word[:length], stroke)
        watched.press("\x15")  # ctrl+u takes the line away
    return found


def _filters(ours: Mapping[str, Stroke], theirs: Mapping[str, Stroke]) -> Iterator[Figure]:
    for what, short, rows_aim, all_aim in (
        ("a filter of three characters and more", False, "80 ms", "120 ms"),
        ("a filter of one or two characters", True, "150 ms", "none"),
    ):
        mine = [stroke for text, stroke in ours.items() if (len(text) < _LONG) is short]
        fuzzy = _spread([stroke.settled(_ALL) for text, stroke in theirs.items() if (len(text) < _LONG) is short])
        yield Figure(f"{what}: first rows", _spread([one.settled(_ROWS) for one in mine]), f"fzf, {fuzzy}", rows_aim)
        yield Figure(f"{what}: settled", _spread([one.settled(_FOUND) for one in mine]), f"fzf, {fuzzy}", all_aim)
    slowest = sorted(ours, key=lambda text: -ours[text].settled(_FOUND))[:4]
    told = ", ".join(f"`{text}` {_ms(ours[text].settled(_FOUND))}" for text in slowest)
    yield Figure("the slowest filters", told, "", "")


def _times(what: str, seconds: Sequence[float], each: float, baseline: str, aim: str) -> Figure:
    return Figure(what, f"{_spread(seconds)}; processor {_ms(each)}", baseline, aim)


def _spread(seconds: Sequence[float]) -> str:
    high = quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]
    return f"p50 {_ms(median(seconds))}, p95 {_ms(high)}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.0f} MiB"


if __name__ == "__main__":
    if shutil.which("fzf") is None:
        sys.exit("fzf is not installed")
    main()
