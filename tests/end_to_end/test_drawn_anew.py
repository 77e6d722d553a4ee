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
FRAME_ENDS: Final = b"\x1b[?2026l"
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
KEY_TABLE: Final = ("1", "by name")
ROTATIONS: Final = ("2", "no rotation is open")
MODES: Final = (
    (KEY_TABLE, ROTATIONS),
    (ROTATIONS, ("3", "same as")),
    (ROTATIONS, ("4", "entries")),
    (ROTATIONS, KEY_TABLE),
)
"""Where it comes from, and where it goes."""
QUIET: Final = 0.1
TRIES: Final = 3
"""A clock or an age on the screen may move between two looks, but not each time. A look draws all anew, so that each
try goes away first and comes back."""


def test_every_screen_opened_and_closed_looks_as_if_drawn_anew(home: Home) -> None:
    with home.vault() as vault:
        for number in range(KEYS):
            vault.create(KeyDraft(f"key-{number:02}", "production", owner="字典組"), f"create-{number}")
    with home.terminal(columns=80, rows=24) as terminal:
        see_keys(terminal, "key-00")
        for number, (key, words) in enumerate(SCREENS):
            assert any(_there_and_back(terminal, key, words, look_there=number % 2 == 0) for _ in range(TRIES)), key
        for away, there in MODES:
            assert any(_from_to(terminal, away, there) for _ in range(TRIES)), there
        assert any(_resized(terminal) for _ in range(TRIES))
        assert any(_suspended(terminal) for _ in range(TRIES))
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


def _from_to(terminal: Terminal, *places: tuple[str, str]) -> bool:
    """Go to one place after the other, and look at the last."""
    for key, words in places:
        terminal.press(key)
        terminal.display.wait_for(words)
    return _as_anew(terminal)


def _resized(terminal: Terminal) -> bool:
    """Drag the window there and back to a smaller size, and look at what a move leaves there."""
    for columns, rows in ((80, 24), (60, 20)):
        terminal.resize(columns, rows)
        terminal.display.wait_for("by name")
        terminal.display.wait_until_quiet(QUIET)
    terminal.press("k")
    return _as_anew(terminal)


def _as_anew(terminal: Terminal) -> bool:
    """Whether the screen looks the same before and after everything is drawn anew."""
    display = terminal.display
    display.wait_until_quiet(QUIET)
    before, cleared = display.cells, display.raw.count(CLEARS)
    terminal.press("ctrl+l")
    display.wait_for(lambda shown: shown.raw.count(CLEARS) > cleared)
    display.wait_for(lambda shown: shown.raw.rfind(FRAME_ENDS) > shown.raw.rfind(CLEARS))
    display.wait_until_quiet(QUIET)
    return display.cells == before


def _suspended(terminal: Terminal) -> bool:
    """Suspend it, have another program write to the terminal, call it back, and look."""
    terminal.press("ctrl+z")
    eventually(lambda: terminal.stopped, 30)
    terminal.display.feed(b"\x1b[2J\x1b[5;1Hwhat another program wrote")
    terminal.signal(signal.SIGCONT)
    terminal.display.wait_for(lambda shown: shown.shows("by name") and not shown.shows("another program"))
    return _as_anew(terminal)
