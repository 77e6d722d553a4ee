"""The first ten minutes: an empty vault, a key made in the form, and its first rotation."""

from __future__ import annotations

from tests.end_to_end.home import Home
from tests.end_to_end.steps import fill_in, on_button, paste_back, review_and_issue, see_keys, take_from_clipboard


def test_from_the_welcome_to_a_rotation_that_is_watched(home: Home) -> None:
    with home.terminal() as terminal:
        display = terminal.display
        display.wait_for("create a key")
        display.wait_for("import a .env")
        terminal.press("N")
        display.wait_for("A new key")
        fill_in(terminal, "bookings", "production", "payments", "bookings:read")
        display.wait_for("keytui create bookings --env production --owner payments --scope bookings:read")
        for _ in range(8):
            terminal.press("tab")
        terminal.press_towards("tab", on_button("Create"))
        terminal.press("enter")
        display.wait_for("paste it back")
        first = home.know(take_from_clipboard(terminal, "o"))
        paste_back(terminal, first)
        see_keys(terminal, "bookings", "1 key", first[:12])

        review_and_issue(terminal)
        second = home.know(take_from_clipboard(terminal, "o"))
        paste_back(terminal, second)
        display.wait_for("● 4 Watch")
        terminal.press("escape")
        see_keys(terminal, "⇄ rotating", second[:12])
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        assert display.restored

    shown = home.answer("show", "bookings")
    assert (shown["environment"], shown["owner"], shown["scopes"]) == ("production", "payments", ["bookings:read"])
    assert [(one["number"], one["state"]) for one in shown["versions"]] == [(2, "active"), (1, "outgoing")]  # type: ignore[attr-defined]  # JSON
    assert home.check(first).version == 1
    assert home.check(second).version == 2
