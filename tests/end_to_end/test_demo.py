"""`keytui demo`: live traffic on a throwaway vault, which is gone afterwards."""

from __future__ import annotations

import signal

import pytest

from tests.end_to_end.display import Display
from tests.end_to_end.home import Home
from tests.end_to_end.terminal import Terminal


def quit_with_q(terminal: Terminal) -> int:
    terminal.press("q")
    return 0


def terminate(terminal: Terminal) -> int:
    terminal.signal(signal.SIGTERM)
    return 128 + signal.SIGTERM


@pytest.mark.parametrize("end", [quit_with_q, terminate])
def test_the_demo_lives_and_leaves_nothing_behind(home: Home, end: object) -> None:
    assert callable(end)
    with home.terminal("demo", "--keys", "12") as terminal:
        terminal.display.wait_for("connected")
        terminal.display.wait_for("12 keys")
        terminal.display.wait_for(_checkout_was_used_just_now)
        assert list(home.temporary.iterdir()), "the vault is where programs put what they throw away"
        code = end(terminal)
        assert terminal.wait_for_exit() == code
        assert terminal.display.restored
        assert b"Traceback" not in terminal.display.raw
    assert not list(home.temporary.iterdir())
    assert not home.vault_home.exists(), "the operator's own vault is not touched"


def _checkout_was_used_just_now(shown: Display) -> bool:
    """Its past ends minutes before the demo begins; seconds can only be live traffic."""
    return any("checkout-api" in line and "s ago" in line for line in shown.lines)
