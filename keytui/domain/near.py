"""What somebody may have meant by a word that is none of those that there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_ALIKE: Final = 0.75
"""Of 1: a slip or two in a word of ours."""


def meant(word: str, known: Iterable[str]) -> str:
    """`did you mean a or b? ` where some are near, else "": to stand before a list of them all."""
    from difflib import get_close_matches  # noqa: PLC0415  # errors alone need it

    near = get_close_matches(word.lower(), list(known), cutoff=_ALIKE)
    return f"did you mean {' or '.join(near)}? " if near else ""
