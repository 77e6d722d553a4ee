"""`keytui demo`: live traffic on a throwaway vault, which is gone afterwards."""

from __future__ import annotations

import signal

from tests.end_to_end.display import Display
from tests.end_to_end.home import Home


def test_the_demo_lives_and_leaves_nothing_behind(home: Home) -> None:
    with home.terminal("demo", "--keys", "12") as terminal:
        terminal.display.wait_for("12 keys")
        terminal.display.wait_for(_checkout_was_used_just_now)
        assert list(home.temporary.iterdir()), "the vault is where programs put what they throw away"
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        assert terminal.display.restored
        assert b"Traceback" not in terminal.display.raw
    assert not list(home.temporary.iterdir())
    assert not home.vault_home.exists(), "the operator's own vault is not touched"


def test_a_demo_that_is_terminated_leaves_nothing_behind_either(home: Home) -> None:
    with home.terminal("demo", "--keys", "1") as terminal:
        terminal.display.wait_for("1 key ")
        terminal.signal(signal.SIGTERM)
        assert terminal.wait_for_exit() == 128 + signal.SIGTERM
        assert terminal.display.restored
    assert not list(home.temporary.iterdir())


def test_a_crowd_is_counted_while_it_gathers_and_ctrl_c_leaves_nothing_of_it(home: Home) -> None:
    with home.terminal("demo", "--keys", "900000") as terminal:
        terminal.display.wait_for("a second   ctrl+c stops")
        terminal.press("ctrl+c")
        assert terminal.wait_for_exit() == 130
        assert b"Traceback" not in terminal.display.raw
    assert not list(home.temporary.iterdir())


def _checkout_was_used_just_now(shown: Display) -> bool:
    """Its past ends minutes before the demo begins; seconds can only be live traffic."""
    return any("checkout-api" in line and "s ago" in line for line in shown.lines)
