"""How a cell of the terminal looks, and the fewest codes that lead from one look to the next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_PART: Final = re.compile(r"[34]8;2;\d+;\d+;\d+|[34]8;5;\d+|\d+")
_LETTERS: Final = re.compile(r"3\d.*|9\d")
_GROUND: Final = re.compile(r"4\d.*|10\d")
_UNSEEN_ON_BLANKS: Final = frozenset({"1", "2", "3"})
"""Bold, dim, italic."""
_ENDS: Final = {
    "1": "22",
    "2": "22",
    "3": "23",
    "4": "24",
    "21": "24",
    "5": "25",
    "6": "25",
    "7": "27",
    "8": "28",
    "9": "29",
    "51": "54",
    "52": "54",
    "53": "55",
}
"""What ends each of the others. Some end two."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """The codes of the letters' colour and of the background ("" for the terminal's own), and all others.

    `letters` is None on a blank, where they are not seen. There is one object for each look: they are compared by `is`.
    """

    letters: str | None
    ground: str
    others: frozenset[str]


@lru_cache(maxsize=8192)
def _the(letters: str | None, ground: str, others: frozenset[str]) -> Look:
    return Look(letters, ground, others)


PLAIN: Final = _the("", "", frozenset())


@lru_cache(maxsize=8192)
def look_of(codes: str) -> Look:
    """The look that a terminal takes on by these codes when it had none: numbers with `;` between."""
    letters, ground, others = "", "", set()
    for code in _PART.findall(codes):
        if _LETTERS.fullmatch(code):
            letters = code
        elif _GROUND.fullmatch(code):
            ground = code
        else:
            others.add(code)
    return _the(letters, ground, frozenset(others))


@lru_cache(maxsize=8192)
def on_blanks(look: Look) -> Look:
    """What of it is seen where no letter is."""
    return _the(None, look.ground, frozenset()) if look.others <= _UNSEEN_ON_BLANKS else look


@lru_cache(maxsize=8192)
def step(before: Look, wanted: Look) -> tuple[str, Look]:
    """The sequence that leads to a look, and the look that holds then: on blanks, letters stay as they were."""
    reached = _reached(before, wanted)
    gone = {_ENDS[code] for code in before.others - reached.others}
    codes = sorted(gone)
    codes += sorted(code for code in reached.others if code not in before.others or _ENDS[code] in gone)
    if reached.letters != before.letters:
        codes.append(reached.letters or "39")
    if reached.ground != before.ground:
        codes.append(reached.ground or "49")
    if not codes:
        return "", reached
    return "\x1b[m" if reached is PLAIN else f"\x1b[{';'.join(codes)}m", reached


def _reached(before: Look, wanted: Look) -> Look:
    if wanted.letters is not None:
        return wanted
    return _the(before.letters, wanted.ground, before.others if before.others <= _UNSEEN_ON_BLANKS else frozenset())
