"""Text from outside, made harmless: what would move a cursor, recolour, reorder or hide shows as an escape."""

from __future__ import annotations

import unicodedata
from itertools import chain
from typing import Final

_DANGEROUS: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Control, format (bidi, zero width and tags among them), private use, surrogate, line and paragraph separators, and
what has no meaning yet: nobody knows how wide it is drawn."""
_MARKS: Final = frozenset({"Mc", "Me", "Mn"})
_MARKS_AT_MOST: Final = 4
"""On one character: every language can be written with as many, and more are drawn over the lines around."""
_UNSEEN: Final = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
"""Blank or without width, although a letter, a mark or a symbol by its category."""
_WIDENING: Final = chain(
    range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0), range(0x1F1E6, 0x1F200), range(0x1F3FB, 0x1F400)
)
"""Variation selectors, letters of flags and colours of skin: terminals differ in how many cells they make of them."""
_NEVER_SHOWN: Final = frozenset(chain(_UNSEEN, map(chr, _WIDENING)))


def harmless(text: str) -> str:
    """The text with every dangerous character as `\\x1b` or `\\u202e`, on one line. Plain text comes back as it is.

    It is as wide as its characters are one by one: none that is left changes the width of another.
    """
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = _MARKS_AT_MOST  # the first mark of a text has no character of its own to stand on
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in _MARKS or _ends_syllable(character) else 0
        if category in _DANGEROUS or character in _NEVER_SHOWN or marks > _MARKS_AT_MOST:
            shown.append(_escape(character))
            marks = 0
        else:
            shown.append(character)
    return "".join(shown)


def _ends_syllable(character: str) -> bool:
    """Whether it is a Korean vowel or final, which is drawn into the cells of the letter before it."""
    return "\u1160" < character < "\u1200" or "\ud7b0" <= character < "\ud800"


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
