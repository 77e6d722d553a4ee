"""What somebody may have meant by a word that is none of those that there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_ALIKE: Final = 0.75
"""Of 1: a slip or two in a word of ours."""
_MOST: Final = 3
"""Words that are offered."""


def meant(word: str, known: Iterable[str]) -> str:
    """`did you mean a or b? ` where some are near, else "": to stand before a list of them all."""
    near = _alike(word.lower(), list(known))
    return f"did you mean {' or '.join(near)}? " if near else ""


def nearest(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Up to three of the known words: those that begin so, then those that a slip or two would make of it."""
    by_fold = {each.lower(): each for each in known}
    begun = sorted((each for each in by_fold if each.startswith(word.lower())), key=len)
    near = dict.fromkeys([*begun, *_alike(word.lower(), list(by_fold))])
    return tuple(by_fold[each] for each in near)[:_MOST]


def _alike(word: str, known: list[str]) -> list[str]:
    from difflib import get_close_matches  # noqa: PLC0415  # errors alone need it

    return get_close_matches(word, known, n=_MOST, cutoff=_ALIKE)
