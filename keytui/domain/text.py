"""Text from outside, made harmless: what would move a cursor, recolour, reorder or hide shows as an escape."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from functools import lru_cache
from itertools import chain
from typing import Final

_DANGEROUS: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Control, format (bidi, zero width and tags among them), private use, surrogate, line and paragraph separators, and
what has no meaning yet: nobody knows how wide it is drawn."""
_MARKS: Final = frozenset({"Mc", "Me", "Mn"})
MARKS_AT_MOST: Final = 4
"""On one character: every language can be written with as many, and more are drawn over the lines around."""
_UNSEEN: Final = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
"""Blank or without width, although a letter, a mark or a symbol by its category."""
_WIDENING: Final = chain(
    range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0), range(0x1F1E6, 0x1F200), range(0x1F3FB, 0x1F400)
)
"""Variation selectors, letters of flags and colours of skin: terminals differ in how many cells they make of them."""
_NEVER_SHOWN: Final = frozenset(chain(_UNSEEN, map(chr, _WIDENING)))


_UNCOMMON: Final = re.compile("[^ -~]+")
_ENDLESS: Final = re.compile(r"\S{1000,}")
"""A word that is longer than any name, path or address that somebody reads."""


class _Kind(Enum):
    """What a character does to a terminal. A MARK, or a Korean vowel or final, is drawn into the cells before it."""

    PLAIN = 0
    MARK = 1
    DANGER = 2


def harmless(text: str) -> str:
    """The text with every dangerous character as `\\x1b` or `\\u202e`, on one line. Plain text comes back as it is.

    It is as wide as its characters are one by one: none that is left changes the width of another.
    """
    if text.isascii() and text.isprintable():
        return text
    return _made_harmless(text)


@lru_cache(128)
def _made_harmless(text: str) -> str:
    """Kept for a while: what a screen draws each second takes 20 ms for each 10 kB of danger."""
    return _UNCOMMON.sub(_shown, text)


def quoted(text: str) -> str:
    """The text in quotes, harmless, each escape once: as Python would write it."""
    return harmless(repr(text))


def shortened(text: str) -> str:
    """Each endless word as its beginning, length and end: for errors, which repeat what somebody gave."""
    return _ENDLESS.sub(lambda word: f"{word[0][:40]}… ({len(word[0]):,} characters) …{word[0][-20:]}", text)


def _shown(run: re.Match[str]) -> str:
    shown: list[str] = []
    marks = 0 if run.start() else MARKS_AT_MOST  # the first mark of a text has no character of its own to stand on
    for character in run[0]:
        kind = _kind(character)
        marks = marks + 1 if kind is _Kind.MARK else 0
        if kind is _Kind.DANGER or marks > MARKS_AT_MOST:
            shown.append(_escape(character))
            marks = 0
        else:
            shown.append(character)
    return "".join(shown)


@lru_cache(4096)
def _kind(character: str) -> _Kind:
    category = unicodedata.category(character)
    if category in _DANGEROUS or character in _NEVER_SHOWN:
        return _Kind.DANGER
    ends_syllable = "\u1160" < character < "\u1200" or "\ud7b0" <= character < "\ud800"
    return _Kind.MARK if ends_syllable or category in _MARKS else _Kind.PLAIN


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
