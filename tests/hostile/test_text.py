"""What is made harmless moves no cursor, hides and reorders nothing, and is as wide as every terminal thinks."""

from __future__ import annotations

import time
import unicodedata
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.content import Content
from wcwidth import wcwidth

from keytui.domain.text import harmless
from keytui.tui.widgets.columns import sized
from tests.hostile.texts import BITS, WHOLE

ANY_TEXT: Final = st.one_of(
    st.text(st.characters(), max_size=30),
    st.text(st.sampled_from([*WHOLE]), max_size=30),
    st.lists(st.sampled_from(BITS), max_size=4).map("".join),
)
EVERY: Final = (
    *range(0x3400),
    *range(0x3400, 0xA000, 97),
    *range(0xA000, 0x17000),
    *range(0x17000, 0x1B000, 97),
    *range(0x1B000, 0x20000),
    *range(0xE0000, 0xE0200),
)
"""But not each of the ideographs, which are alike."""


def test_every_character_that_is_left_is_as_wide_for_all_and_leaves_its_neighbours_alone() -> None:
    assert not {harmless(one) for one in "\U000e0fff\ufffe\ue000\U0010fffd\ud800\udfff"} & set("\U000e0fff\ufffe\ue000")
    drawn = [one for one in map(chr, EVERY) if unicodedata.category(one) not in {"Cn", "Co", "Cs"}]
    left = [one for one in drawn if harmless("x" + one) == "x" + one]
    assert not {unicodedata.category(one) for one in left} & {"Cc", "Cf", "Zl", "Zp"}
    assert [one for one in left if cell_len(one) != wcwidth(one)] == []
    alone = [one for one in left if not cell_len(one)]
    assert [one for one in alone if harmless(one) == one] == [], "it would stand on what is before the text"
    assert not set("\u2800\u3164\uffa0\u115f\u1160\u034f\ufe0f\U000e0101\U0001f3fd\U0001f1e9") & set(left)


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT)
def test_it_is_on_one_line_says_the_same_twice_and_is_as_wide_as_its_characters(text: str) -> None:
    shown = harmless(text)
    assert harmless(shown) == shown
    assert len(shown.splitlines()) <= 1
    assert cell_len(shown) == sum(map(cell_len, shown))


@pytest.mark.parametrize(
    "fine", ["checkout-api", "日本語の鍵", "Zoë", "Zoe\u0308", "क्षि", "ไม้", "한글", "שלום", "👍 ✓ │"]
)
def test_what_people_write_stays_as_they_wrote_it(fine: str) -> None:
    assert harmless(fine) == fine


def test_marks_do_not_pile_up_over_other_lines() -> None:
    assert harmless("o" + "\u0336" * 6) == "o" + "\u0336" * 4 + "\\u0336" + "\u0336"
    assert harmless("\u0301a") == "\\u0301a"


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT.map(harmless), st.integers(1, 20), st.booleans())
def test_a_cell_is_cut_to_its_width_and_no_character_in_half(text: str, width: int, right: bool) -> None:
    cut = sized(Content(text), width, right)
    assert cut.cell_length == cell_len(cut.plain) == width
    if cell_len(text) > width:
        kept = cut.plain.rstrip().removesuffix("…")
        whole = kept if text.startswith(kept) else kept.removesuffix(" ")  # half of a wide one is a blank
        assert text.startswith(whole)
        assert cell_len(text[len(whole)]), "it has all its marks"


def test_a_hundred_thousand_characters_are_made_harmless_at_once() -> None:
    began = time.process_time()
    harmless(WHOLE * 300)
    assert time.process_time() - began < 1
