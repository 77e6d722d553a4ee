"""From the command line to the painted frame, and to the keys of a vault, beside a bare Textual app with a table."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.benchmarks.ratio import Ratio, medians
from tests.end_to_end.terminal import Terminal

ROUNDS: Final = 9
_BARE: Final = """
from textual.app import App
from textual.widgets import DataTable

class Bare(App):
    def compose(self):
        yield DataTable()
    def on_mount(self):
        table = self.query_one(DataTable)
        table.add_columns("name", "environment", "owner", "prefix", "flags")
        table.add_row("bare-table", "production", "nobody", "tk_", "-")

Bare().run()
"""


def ratios() -> Iterator[Ratio]:
    """The frame, and the first keys, each against the bare app's table."""
    with TemporaryDirectory() as home:
        _fill(Path(home))
        environment = {**os.environ, "KEYTUI_HOME": home, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        console = (sys.executable, "-m", "keytui")
        bare = (sys.executable, "-c", _BARE)
        for what, text in (("frame painted", "opening"), ("keys of a vault shown", "benchmark-1")):
            pairs = [
                (_until(console, environment, text), _until(bare, environment, "bare-table")) for _ in range(ROUNDS)
            ]
            ours, theirs = medians(pairs)
            yield Ratio(what, ours, "a bare Textual app with a DataTable", theirs)


def _fill(home: Path) -> None:
    vault = LocalVault.open(Profile("default", home / "default", Actor("benchmark")))
    for number in range(100):
        vault.create(KeyDraft(f"benchmark-{number}", "production"), f"benchmark {number}")
    vault.close()


def _until(argv: Sequence[str], environment: dict[str, str], text: str) -> float:
    started = time.perf_counter()
    with Terminal(argv, environment) as terminal:
        terminal.display.wait_for(text)
        return time.perf_counter() - started
