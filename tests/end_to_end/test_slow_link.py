"""Over a line of 300 ms and 20 kB/s every action shows at once that it was heard, and sends little."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from keytui.domain.keys import KeyDraft
from tests.end_to_end.home import KEYTUI, Home
from tests.end_to_end.slow_terminal import LATENCY, RATE, SlowTerminal

HEARD: Final = LATENCY + 2.7
"""Seconds until the first sign: the way there and back, and what a machine takes that is busy with other tests."""
KEYS: Final = 60
QUIET: Final = 0.5
"""Seconds without a byte after which an action has said all that it says."""


@dataclass(frozen=True, slots=True)
class Step:
    """A key, what it is for, and the most bytes that it may send until all is quiet."""

    name: str
    key: str
    most: int


STEPS: Final = (
    Step("move", "j", 800),
    Step("move again", "j", 800),
    Step("filter", "/", 1_500),
    Step("type", "1", 5_000),
    Step("empty the filter", "escape", 5_000),
    Step("sort", "s", 1_500),
    Step("open", "enter", 7_000),
    Step("back", "escape", 8_000),
    Step("palette", ":", 12_000),
    Step("back", "escape", 8_000),
    Step("rotations", "2", 5_000),
    Step("keys", "1", 8_000),
)


def test_every_action_is_heard_at_once_and_sends_little(home: Home) -> None:
    with home.vault() as vault:
        for number in range(KEYS):
            vault.create(KeyDraft(f"key-{number:02}", "production", owner="payments"), f"create-{number}")
    with SlowTerminal([KEYTUI], home.env) as terminal:
        home.displays.append(terminal.display)
        terminal.display.wait_for("● connected")
        terminal.display.wait_until_quiet(QUIET)
        for step in STEPS:
            heard, sent = _done(terminal, step.key)
            assert heard <= HEARD, f"{step.name} was heard after {heard:.2f} s"
            assert sent <= step.most, f"{step.name} sent {sent} bytes, {sent / RATE:.1f} s of the line"


def _done(terminal: SlowTerminal, key: str) -> tuple[float, int]:
    """Press a key: seconds until the first sign on the screen, and bytes until all is quiet."""
    before, size = terminal.display.text, len(terminal.display.raw)
    began = time.monotonic()
    terminal.press(key)
    terminal.display.wait_for(lambda shown: shown.text != before)
    heard = time.monotonic() - began
    terminal.display.wait_until_quiet(QUIET)
    return heard, len(terminal.display.raw) - size
