"""What the console owes the terminal: it follows its size, and it gives it back however it ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.display import Display
from tests.end_to_end.home import KEYTUI, Home
from tests.end_to_end.steps import review_and_issue, see_keys, take_from_clipboard
from tests.end_to_end.terminal import Terminal
from tests.world import eventually

PROMPTLY = 10.0
"""Seconds on a machine that does much else; the console itself gives up after two."""
PATIENT_WITH_TMUX: Final = (
    sys.executable,
    "-c",
    "import sys, keytui.cli.tmux as tmux; tmux._TIMEOUT = 60; from keytui.cli.entry import main; sys.exit(main())",
)
"""The program, on a machine that may take its time to start a tmux."""


def test_a_window_that_changes_its_size_keeps_name_profile_and_all_of_the_screen(home: Home) -> None:
    home.create("bookings")
    with home.terminal() as terminal:
        see_keys(terminal, "bookings")
        for columns, rows in ((60, 20), (200, 60), (80, 24)):
            terminal.resize(columns, rows)
            terminal.display.wait_for(_whole)
        terminal.press("q")
        assert terminal.wait_for_exit() == 0


def _whole(shown: Display) -> bool:
    """The profile on the first line, the keys that act on the last, and the key between them."""
    lines = shown.lines
    return lines[0].startswith(" default") and lines[-1].startswith(" enter open") and "bookings" in shown.text


def test_ctrl_c_asks_nothing_and_breaks_nothing(home: Home) -> None:
    home.create("bookings")
    with home.terminal() as terminal:
        see_keys(terminal, "bookings")
        terminal.press("ctrl+c")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        assert terminal.display.restored
        assert b"Traceback" not in terminal.display.raw


@pytest.mark.parametrize(
    ("number", "at_hand_over"),
    [(signal.SIGTERM, False), (signal.SIGINT, False), (signal.SIGQUIT, False), (signal.SIGHUP, True)],
)
def test_a_signal_ends_it_with_the_terminal_as_it_was(home: Home, number: signal.Signals, at_hand_over: bool) -> None:
    old = home.create("bookings")
    with home.terminal() as terminal:
        see_keys(terminal, "bookings")
        if at_hand_over:
            review_and_issue(terminal)
            home.know(take_from_clipboard(terminal, "o"))
        terminal.signal(number)
        assert terminal.wait_for_exit() == 128 + number
        assert terminal.display.restored
        assert b"Traceback" not in terminal.display.raw
    assert home.check(old).valid


@pytest.mark.parametrize(
    ("typed", "words"),
    [("/book", "1 key "), (":", "Rotate, guided"), ("X", "type bookings to go on"), ("N", "A new key")],
    ids=["filter", "palette", "dialog", "form"],
)
def test_a_window_that_is_closed_ends_it_wherever_it_is(home: Home, typed: str, words: str) -> None:
    old = home.create("bookings")
    with home.terminal() as terminal:
        see_keys(terminal, "bookings")
        terminal.send(typed)
        terminal.display.wait_for(words)
        began = time.monotonic()
        terminal.signal(signal.SIGHUP)
        assert terminal.wait_for_exit() == 128 + signal.SIGHUP
        assert time.monotonic() - began < PROMPTLY
        assert terminal.display.restored
    assert home.check(old).valid


def test_a_secret_that_is_shown_once_outlives_a_tiny_window_a_suspension_and_the_first_signal(home: Home) -> None:
    old = home.create("bookings")
    with home.terminal() as terminal:
        see_keys(terminal, "bookings")
        review_and_issue(terminal)
        for columns, rows in ((1, 1), (200, 1), (1, 40), (3, 2), (120, 36)):
            terminal.resize(columns, rows)
        terminal.press("ctrl+z")
        eventually(lambda: terminal.display.restored and terminal.stopped, 30)
        terminal.signal(signal.SIGCONT)
        eventually(lambda: not terminal.display.restored, 30)
        home.know(take_from_clipboard(terminal, "o"))

        terminal.signal(signal.SIGTERM)
        terminal.display.wait_for("Leave without handing it over?")
        terminal.press("enter")
        terminal.display.wait_until_gone("Leave without handing it over?")
        terminal.signal(signal.SIGTERM)
        assert terminal.wait_for_exit() == 128 + signal.SIGTERM
        assert terminal.display.restored
        assert terminal.display.raw.count(b"made a mistake") == 0
    assert home.check(old).valid


@pytest.fixture
def without_unicode(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """An environment that says so: of a locale, or of a tmux whose terminal has another one than we."""
    if request.param == "locale":
        return {"LANG": "POSIX", "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    return within_tmux(tmp_path / "bin", '[ "$*" = "display-message -p #{client_utf8}" ] && echo 0')


def within_tmux(directory: Path, script: str) -> dict[str, str]:
    """An environment that is one of a tmux, whose command is this script."""
    tmux = directory / "tmux"
    directory.mkdir()
    tmux.write_text(f"#!/bin/sh\n{script}\n")
    tmux.chmod(0o700)
    return {"TMUX": "/run/tmux", "PATH": f"{directory}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_tmux_that_does_not_answer_keeps_no_command_from_ending(
    home: Home, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    asked = tmp_path / "asked"
    hanging = within_tmux(tmp_path / "bin", f"echo $$ > {asked}; exec sleep 120")
    with Terminal([*PATIENT_WITH_TMUX, "list"], {**home.env, **hanging}, 80, 24) as terminal:
        eventually(lambda: asked.exists() and asked.read_text().endswith("\n"), 30)
        terminal.signal(number)
        assert terminal.wait_for_exit() == code
        assert b"Traceback" not in terminal.display.raw
    with suppress(ProcessLookupError):  # it was left where the signal came before anybody knew of it
        os.kill(int(asked.read_text()), signal.SIGKILL)


@pytest.mark.parametrize("without_unicode", ["locale", "tmux"], indirect=True)
def test_a_terminal_without_unicode_gets_ascii_that_is_as_wide(home: Home, without_unicode: dict[str, str]) -> None:
    home.create("bookings")
    with Terminal(PATIENT_WITH_TMUX, {**home.env, **without_unicode}, 80, 24) as terminal:
        see_keys(terminal, "bookings")
        terminal.display.wait_for(lambda shown: "-" * 80 in shown.text)
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        assert terminal.display.raw.isascii()
        assert b"\\u" not in terminal.display.raw


def test_a_terminal_that_can_do_nothing_is_left_as_it_is(home: Home) -> None:
    with Terminal([KEYTUI], {**home.env, "TERM": "dumb"}, 80, 24) as terminal:
        assert terminal.wait_for_exit() == 1
        assert terminal.display.shows("TERM=xterm-256color keytui")
        assert b"\x1b" not in terminal.display.raw


@pytest.mark.parametrize("words", [(), ("demo",)])
def test_without_a_terminal_it_says_so_and_ends(home: Home, words: tuple[str, ...]) -> None:
    refused = home.keytui(*words, code=1)
    assert refused.stdout == ""
    assert "needs a terminal" in refused.stderr
    assert "keytui --help" in refused.stderr


def test_a_window_that_is_closed_ends_the_console(home: Home) -> None:
    old = home.create("bookings")
    with home.terminal() as terminal:
        see_keys(terminal, "bookings")
        terminal.hang_up()
        terminal.wait_for_exit()
    assert home.check(old).valid
    with home.vault() as vault:
        assert vault.verify_audit().broken_at is None
