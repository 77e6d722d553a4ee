"""Where the canary may sing: in the step that hands it over, and only while it was asked to."""

from __future__ import annotations

from tests.end_to_end.canary import leaks_in
from tests.end_to_end.home import Home
from tests.end_to_end.steps import paste_back, review_and_issue, see_keys, take_from_clipboard


def test_a_secret_is_on_the_screen_while_it_is_asked_for_and_never_after(home: Home) -> None:
    home.create("bookings")
    with home.terminal() as terminal:
        display = terminal.display
        see_keys(terminal, "bookings")
        review_and_issue(terminal)
        new = home.know(take_from_clipboard(terminal, "o"))
        masked = display.without_clipboards()
        assert not list(leaks_in(masked + display.shown, [new], "the bytes before it was asked for"))

        terminal.press("v")
        display.wait_for(new)
        for told in (display.without_clipboards(), display.shown):
            assert list(leaks_in(told, [new], "the bytes")), "the search works on these bytes"
        terminal.press("v")
        display.wait_until_gone(new)
        shown_until = len(display.raw)
        paste_back(terminal, new)
        display.wait_for("● 4 Watch")
        terminal.press("escape")
        see_keys(terminal, "⇄ rotating")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        after = display.raw[shown_until:]
        assert not list(leaks_in(after, [new], "the bytes afterwards"))
        assert not list(leaks_in(display.text.encode(), [new], "what is left on the terminal"))
    home.displays.clear()


def test_a_screenshot_of_any_later_step_holds_no_secret(home: Home) -> None:
    (home.directory / "Downloads").mkdir()  # where textual puts them
    home.create("bookings")
    with home.terminal() as terminal:
        display = terminal.display
        see_keys(terminal, "bookings")
        review_and_issue(terminal)
        new = home.know(take_from_clipboard(terminal, "o"))
        terminal.press("ctrl+p")
        display.wait_for("the palette stays shut")
        paste_back(terminal, new)
        display.wait_for("● 4 Watch")
        terminal.press(":")
        display.wait_for("Search for commands")
        terminal.send("screenshot")
        display.wait_for("Save an SVG")
        terminal.press("enter")
        display.wait_for("Saved screenshot")
        terminal.press("ctrl+q")
        terminal.wait_for_exit()
    (screenshot,) = home.directory.rglob("*.svg")
    assert "bookings" in screenshot.read_text()
