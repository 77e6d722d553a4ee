"""What the terminal shows, told change by change, is what it shows once everything was drawn anew (ctrl+l)."""

from __future__ import annotations

import signal
from typing import Final

from keytui.domain.keys import KeyDraft
from tests.end_to_end.home import Home
from tests.end_to_end.steps import see_keys
from tests.end_to_end.terminal import Terminal
from tests.world import eventually

KEYS: Final = 12
CLEARS: Final = b"\x1b[2J"
SCREENS: Final = (
    ("enter", "字典組"),
    (":", "Search for commands"),
    ("?", "Keys that work here"),
    ("N", "A new key"),
    ("P", "what a sensitive key waits for"),
    ("R", "Rotate key-"),
    ("@", "Command log"),
    ("S", "the vaults that this machine knows"),
    ("X", "Revoke"),
)
"""Keys that open something over the table of keys, and what stands there then."""
MODES: Final = (("2", "no rotation is open"), ("3", "same as"), ("4", "entries"), ("1", "by name"))
QUIET: Final = 0.3
TRIES: Final = 3
"""A clock or an age on the screen may move between two looks, but not each time."""


def test_every_screen_opened_and_closed_looks_as_if_drawn_anew(home: Home) -> None:
    with home.vault() as vault:
        for number in range(KEYS):
            vault.create(KeyDraft(f"key-{number:02}", "production", owner="字典組"), f"create-{number}")
    with home.terminal(columns=80, rows=24) as terminal:
        see_keys(terminal, "key-00")
        for number, (key, words) in enumerate(SCREENS):
            assert any(_there_and_back(terminal, key, words, look_there=number % 2 == 0) for _ in range(TRIES)), key
        for key, words in MODES:
            assert any(_pressed(terminal, key, words) for _ in range(TRIES)), key
        terminal.resize(60, 20)
        terminal.display.wait_for(lambda shown: "by name" in shown.text and len(shown.lines[0]) == 60)
        assert any(_pressed(terminal, "k", "by name") for _ in range(TRIES))
        _suspended_meanwhile(terminal, b"\x1b[2J\x1b[5;1Hwhat another program wrote")
        assert any(_as_anew(terminal) for _ in range(TRIES))
        terminal.press("q")
        assert terminal.wait_for_exit() == 0


def _there_and_back(terminal: Terminal, key: str, words: str, *, look_there: bool) -> bool:
    """Open and close it; whether it, or else what it leaves behind, looks as if drawn anew."""
    terminal.press(key)
    terminal.display.wait_for(words)
    same = not look_there or _as_anew(terminal)
    terminal.press("escape")
    terminal.display.wait_until_gone(words)
    return same and (look_there or _as_anew(terminal))


def _pressed(terminal: Terminal, key: str, words: str) -> bool:
    """Press it, and look at what comes of it."""
    terminal.press(key)
    terminal.display.wait_for(words)
    return _as_anew(terminal)


def _as_anew(terminal: Terminal) -> bool:
    """Whether the screen looks the same before and after everything is drawn anew."""
    display = terminal.display
    display.wait_until_quiet(QUIET)
    before, cleared = display.cells, display.raw.count(CLEARS)
    terminal.press("ctrl+l")
    display.wait_for(lambda shown: shown.raw.count(CLEARS) > cleared)
    display.wait_until_quiet(QUIET)
    return display.cells == before


def _suspended_meanwhile(terminal: Terminal, others: bytes) -> None:
    """Suspend it, have another program write to the terminal, and call it back."""
    terminal.press("ctrl+z")
    eventually(lambda: terminal.stopped, 30)
    terminal.display.feed(others)
    terminal.signal(signal.SIGCONT)
    terminal.display.wait_for(lambda shown: shown.shows("by name") and not shown.shows("another program"))
