"""What the terminal is told in fewer bytes looks the same."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from keytui.tui.terse_driver import terse

_UNDERLINED = {"4", "7", "9"}
LETTERS = st.sampled_from(["", "38;2;213;218;224", "38;5;4", "31", "97", "39"])
GROUNDS = st.sampled_from(["", "48;2;18;22;27", "48;5;4", "41", "107"])
OTHERS = st.lists(st.sampled_from(["1", "2", "3", "4", "7", "9"]), unique=True, max_size=2)
CODES = st.builds(lambda *parts: ";".join(filter(None, [*parts[0], *parts[1:]])), OTHERS, LETTERS, GROUNDS)
TEXTS = st.sampled_from(["", " ", "   ", "a", " b ", "▌", "\x1b[7;1H", "\r\n", "\x1b]8;;x\x1b\\"])
PIECES = st.builds(lambda codes, text: f"\x1b[{codes}m{text}\x1b[0m" if codes else text, CODES, TEXTS)


def seen(data: str) -> list[tuple[str, object]]:
    """Every character with its look, as far as the eye sees it; what is none is told as it stands."""
    found: list[tuple[str, object]] = []
    look: dict[str, str] = {}
    for codes, other in re.findall(r"\x1b\[([\d;]*)m|(\x1b\[[\d;]*H|\x1b\][^\x1b]*\x1b\\|.|\r\n)", data, re.DOTALL):
        for code in re.findall(r"[34]8;2;\d+;\d+;\d+|[34]8;5;\d+|\d+", codes):
            kind = "letters" if re.fullmatch(r"3\d.*|9\d", code) else "ground" if re.match("4.|10", code) else code
            look = {**look, kind: code} if code != "0" else {}
        if other:
            plain = other == " " and not _UNDERLINED & look.keys()
            found.append((other, look.get("ground") if plain else tuple(sorted(look.items()))))
    assert not look, "the colours have ended"
    return found


@given(st.lists(PIECES, max_size=8).map("".join))
def test_it_looks_the_same_and_is_never_longer(data: str) -> None:
    told = terse(data)
    assert seen(told) == seen(data)
    assert len(told) <= len(data)


def test_a_colour_that_holds_is_not_said_again() -> None:
    row = "\x1b[38;2;1;1;1;48;2;2;2;2mname \x1b[0m\x1b[38;2;3;3;3;48;2;2;2;2mtk_1\x1b[0m\x1b[48;2;2;2;2m   \x1b[0m"
    assert terse(row) == "\x1b[38;2;1;1;1;48;2;2;2;2mname \x1b[38;2;3;3;3mtk_1   \x1b[0m"
