"""`keytui demo`: live traffic on a throwaway vault, which is gone afterwards."""

from __future__ import annotations

import signal

import pytest

from tests.end_to_end.display import Display
from tests.end_to_end.home import Home
from tests.world import eventually


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


@pytest.mark.parametrize("way", [signal.SIGHUP, signal.SIGTERM, 0], ids=["hang-up", "terminate", "q"])
def test_a_demo_that_is_left_while_it_is_made_ends_at_once_and_leaves_nothing(home: Home, way: int) -> None:
    with home.terminal("demo", "--keys", "900") as terminal:
        terminal.display.wait_for("opening the vault")
        eventually(lambda: any(home.temporary.glob("keytui-demo-*/vault.db")), within=30.0)
        if way:
            terminal.signal(signal.Signals(way))
        else:
            terminal.press("q")
        assert terminal.wait_for_exit() == (128 + way if way else 0)
        assert b"the vault could not be" not in terminal.display.raw
        assert b"lost contact" not in terminal.display.raw
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
