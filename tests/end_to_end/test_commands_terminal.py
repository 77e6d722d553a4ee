"""The installed commands with somebody at the terminal: what is asked, what is hidden, what is refused."""

from __future__ import annotations

import re
import signal

import pytest

from keytui.domain.rotation import First
from tests.end_to_end.home import Home
from tests.end_to_end.traffic import Service
from tests.world import eventually

CREATE = ("create", "bookings", "--env", "production", "--owner", "payments", "--scope", "read")
SECRET = re.compile(r"tk_[a-z0-9]{32}")


def test_a_secret_stands_on_a_terminal_only_where_it_was_asked_for(home: Home) -> None:
    home.create("checkout")
    for words in (CREATE, (*CREATE, "--json"), ("rotate", "checkout"), ("rotate", "checkout", "--json")):
        with home.terminal(*words) as terminal:
            assert terminal.wait_for_exit() == 2
            assert "--show" in terminal.display.text
            assert not SECRET.search(terminal.display.text)
    assert home.names() == ["checkout"]
    assert home.detail("checkout").rotations == (), "nothing was minted and lost"
    with home.terminal("rotate", "checkout", "--show") as terminal:
        assert terminal.wait_for_exit() == 0
        shown = SECRET.search(terminal.display.text)
    assert shown is not None
    assert home.check(shown[0]).valid


def test_a_secret_that_is_typed_is_not_echoed(home: Home) -> None:
    secret = home.create("checkout")
    with home.terminal("verify") as terminal:
        terminal.display.wait_for("not shown")
        terminal.send(secret + "\n")
        assert terminal.wait_for_exit() == 0
        assert "valid" in terminal.display.text


def test_revoke_wants_the_name_typed(home: Home) -> None:
    secret = home.create("checkout")
    for typed, code in (("yes", 1), ("checkout", 0)):
        assert home.check(secret).valid
        with home.terminal("revoke", "checkout", "--reason", "leaver") as terminal:
            terminal.display.wait_for("type checkout")
            terminal.send(f"{typed}\n")
            assert terminal.wait_for_exit() == code
    assert not home.check(secret).valid


def test_a_rollback_that_would_cut_callers_off_names_them_and_asks(home: Home) -> None:
    home.create("checkout")
    with Service(home) as service:
        new = home.rotate("checkout")
        assert service.accepts(new, "web-1")
    for typed, code in (("no", 1), ("checkout", 0)):
        assert home.check(new).valid
        with home.terminal("rollback", "checkout") as terminal:
            terminal.display.wait_for("is used by web-1")
            terminal.send(f"{typed}\n")
            assert terminal.wait_for_exit() == code
    assert not home.check(new).valid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_a_signal_at_a_hidden_question_gives_the_echo_back(home: Home, number: signal.Signals) -> None:
    with home.terminal("verify") as terminal:
        terminal.display.wait_for("not shown")
        eventually(lambda: not terminal.echoes)
        terminal.signal(number)
        assert terminal.wait_for_exit() == 128 + number
        assert terminal.echoes


def test_ctrl_c_at_a_question_changes_nothing(home: Home) -> None:
    secret = home.create("checkout")
    with home.terminal("disable", "--owner", "payments") as terminal:
        terminal.display.wait_for("type payments")
        terminal.press("ctrl+c")
        assert terminal.wait_for_exit() == 128 + signal.SIGINT
        assert "Traceback" not in terminal.display.text
    assert home.check(secret).valid
    with home.terminal("disable", "--owner", "payments") as terminal:
        terminal.display.wait_for("type payments")
        terminal.send("payments\n")
        assert terminal.wait_for_exit() == 0
    assert not home.check(secret).valid


def test_an_emergency_asks_what_comes_first(home: Home) -> None:
    old = home.create("checkout")
    with home.terminal("rotate", "checkout", "--strategy", "emergency", "--show") as terminal:
        terminal.display.wait_for("What comes first?")
        terminal.send("replace\n")
        assert terminal.wait_for_exit() == 0
    assert home.check(old).valid
    assert home.rotation("checkout").plan.first is First.REPLACE


def test_a_table_fits_a_narrow_terminal(home: Home) -> None:
    home.create("a-rather-long-name-for-a-key-of-the-payments-team")
    with home.terminal("list", columns=60) as terminal:
        assert terminal.wait_for_exit() == 0
        heading, row = terminal.display.lines[:2]
    assert heading.split() == ["NAME", "ENV", "STATE", "LAST", "USED", "FLAGS"], "what matters least went first"
    assert row.split() == ["a-rather-long-na…", "production", "active", "never", "never-used"]
    with home.terminal("verdict", "nobody-has-a-key-of-such-a-name", columns=40) as terminal:
        assert terminal.wait_for_exit() == 1
        assert "is called\n  " in terminal.display.text, "a long line is folded between words"


def test_passphrases_are_asked_for_twice_and_a_sealed_value_comes_back(home: Home) -> None:
    passphrase = home.know("correct horse battery staple 42")
    token = home.know("third-party-token-0123456789abcdef")
    for again, code in (("something else", 2), (passphrase, 0)):
        with home.terminal("passphrase", "set") as terminal:
            terminal.display.wait_for("new passphrase:")
            terminal.send(passphrase + "\n")
            terminal.display.wait_for("the same again:")
            terminal.send(again + "\n")
            assert terminal.wait_for_exit() == code
    with home.terminal("seal", "stripe-live") as terminal:
        terminal.display.wait_for("not shown")
        terminal.send(token + "\n")
        terminal.display.wait_for("passphrase:")
        terminal.send(passphrase + "\n")
        assert terminal.wait_for_exit() == 0
    with home.terminal("reveal", "stripe-live") as terminal:
        assert terminal.wait_for_exit() == 2
        assert "--show" in terminal.display.text
