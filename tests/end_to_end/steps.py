"""What an operator does in the console, key by key; each step waits for the screen to say that it was taken."""

from __future__ import annotations

from tests.end_to_end.display import Display
from tests.end_to_end.terminal import Seat


def see_keys(seat: Seat, *names: str) -> None:
    """The console has opened on its key table."""
    seat.display.wait_for("connected")
    for name in names:
        seat.display.wait_for(name)


def fill_in(seat: Seat, *texts: str) -> None:
    """Fill the fields of a form from the focused one on."""
    for text in texts:
        _fill_field(seat, text)


def _fill_field(seat: Seat, text: str) -> None:
    seat.send(text)
    seat.display.wait_for(lambda shown: text in shown.lines[shown.cursor_line])
    line = seat.display.cursor_line
    seat.press("enter")
    seat.display.wait_for(lambda shown: shown.cursor_line != line)


def on_button(words: str) -> str:
    """A button's words as they are drawn: nothing else stands between blanks like these."""
    return f"  {words}  "


def say_yes(seat: Seat, words: str) -> None:
    """Press the button that acts; the harmless one before it has the focus."""
    button = on_button(words)
    seat.display.wait_for(button)
    seat.press_towards("tab", button)
    seat.press("enter")
    seat.display.wait_until_gone(button)


def review_and_issue(seat: Seat, new: str = "v2") -> None:
    """From the key under the cursor through steps 1 and 2, to the hand-over."""
    seat.press("R")
    seat.display.wait_for("go on to issue")
    seat.press("enter")
    issue(seat, new)


def issue(seat: Seat, new: str = "v2") -> None:
    """Step 2, to the hand-over."""
    seat.display.wait_for("● 2 Issue")
    seat.display.wait_for("I issue")
    seat.press("I")
    say_yes(seat, f"Issue {new}")
    seat.display.wait_for("enter compares it")


def take_from_clipboard(seat: Seat, key: str) -> str:
    """The secret, as the terminal's clipboard gets it."""
    seat.display.wait_for("enter compares it")
    before = len(seat.display.clipboards)
    seat.press(key)
    seat.display.wait_for(lambda shown: len(shown.clipboards) > before)
    seat.display.wait_for("Terminals do not confirm")
    return seat.display.clipboards[-1]


def go_past_the_verdict(seat: Seat, key: str, words: str, name: str) -> None:
    """Retire or complete without SAFE: say why, type the key's name, and press the button that acts."""
    button = on_button(words)
    seat.press(key)
    seat.display.wait_for(button)
    disabled = seat.display.look_of(button)
    line, column = seat.display.place_of("why it may go")
    seat.click(line + 1, column)
    _fill_field(seat, "web-1 is known to be gone")
    seat.send(name)
    seat.display.wait_for(lambda shown: shown.look_of(button) != disabled)
    seat.press("tab")
    seat.press_towards("tab", button)
    seat.press("enter")
    seat.display.wait_until_gone(button)


def paste_back(seat: Seat, secret: str) -> None:
    """Paste into the masked field, and have it compared."""
    seat.paste(secret)
    seat.display.wait_for(_pasted)
    seat.press("enter")
    seat.display.wait_for(lambda shown: not _pasted(shown))


def _pasted(shown: Display) -> bool:
    return any("paste it back" in line and "•" in line for line in shown.lines)
