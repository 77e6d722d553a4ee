"""Text from outside, made harmless: what would move a cursor, recolour, reorder or hide shows as an escape."""

from __future__ import annotations

import unicodedata
from typing import Final

_DANGEROUS: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Control, format (bidi and zero width among them), surrogate, private use, line and paragraph separators."""


def harmless(text: str) -> str:
    """The text with every dangerous character as `\\x1b` or `\\u202e`, on one line. Plain text comes back as it is."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        _escape(character) if unicodedata.category(character) in _DANGEROUS else character for character in text
    )


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
