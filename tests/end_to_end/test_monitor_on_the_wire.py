"""The live monitor is quiet on the wire: it sends what changed, and nothing while it is paused."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

from tests.end_to_end.display import Display
from tests.end_to_end.home import Home
from tests.end_to_end.terminal import Terminal

ROOT: Final = Path(__file__).parents[2]
SECONDS: Final = 10
MOST: Final = 2_000
"""Bytes a second, at 120x40 and under steady traffic."""
CLOCK: Final = 450
"""Bytes that the status line may take when a minute ends: it is painted whole."""


def test_steady_traffic_sends_what_changed_and_a_pause_sends_nothing(home: Home) -> None:
    program = [sys.executable, "-m", "tests.end_to_end.steady_fleet", str(home.directory / "steady")]
    with Terminal(program, {**home.env, "PYTHONPATH": str(ROOT)}, 120, 40) as terminal:
        home.displays.append(terminal.display)
        terminal.display.wait_for("/1,000")
        assert any(sent(terminal.display, 1) <= MOST for _ in range(10)), "it never comes to rest"
        live = sent(terminal.display, SECONDS)
        assert 0 < live <= MOST * SECONDS, f"{live / SECONDS:.0f} bytes a second"
        terminal.press("p")
        terminal.display.wait_for("PAUSED since")
        sent(terminal.display, 1)
        assert sent(terminal.display, SECONDS // 2) <= CLOCK
        terminal.press("q")
        assert terminal.wait_for_exit() == 0


def sent(display: Display, seconds: int) -> int:
    """Bytes that the program sends in so many seconds: what a line over which somebody works has to carry."""
    before = len(display.raw)
    time.sleep(seconds)
    return len(display.raw) - before
