"""The terminal, told in few bytes: colours that hold already are not said again.

Textual ends each piece of a line with a reset and says all of the next one's colours: forty bytes for a change of one.
Over a slow line that is half of what is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from textual.drivers.linux_driver import LinuxDriver

_RESET: Final = "\x1b[0m"
_PIECE: Final = re.compile(r"\x1b\[([\d;]+)m([^\x1b]*)\x1b\[0m")
_RUN: Final = re.compile(rf"(?:{_PIECE.pattern}){{2,}}")
_PART: Final = re.compile(r"[34]8;2;\d+;\d+;\d+|[34]8;5;\d+|\d+")
_LETTERS: Final = re.compile(r"3\d.*|9\d")
_GROUND: Final = re.compile(r"4\d.*|10\d")
_UNSEEN_ON_BLANKS: Final = frozenset({"1", "2", "3"})
"""Bold, dim, italic."""


class TerseDriver(LinuxDriver):
    """Textual's driver of a terminal, saying less."""

    def write(self, data: str) -> None:
        super().write(terse(data))


@dataclass(frozen=True, slots=True)
class _Look:
    """How text is drawn: the codes of its letters' colour and of its background, and all others."""

    letters: str = ""
    ground: str = ""
    others: frozenset[str] = frozenset()

    def after(self, before: _Look) -> str | None:
        """The codes that lead here from there; None where that takes a reset."""
        lost = before.others - self.others
        if lost or (before.letters and not self.letters) or (before.ground and not self.ground):
            return None
        changed = [self.letters] * (self.letters != before.letters) + [self.ground] * (self.ground != before.ground)
        return ";".join([*sorted(self.others - before.others), *changed])

    def on_blanks(self, before: _Look) -> _Look:
        """What looks the same where there are no letters, and as that before where it can."""
        if (self.others | before.others) <= _UNSEEN_ON_BLANKS:
            return replace(before, ground=self.ground)
        return self


def terse(data: str) -> str:
    """The same to the eye. What is not of Textual's pieces, one right after the other, stays as it is."""
    return _RUN.sub(lambda run: _joined(_PIECE.findall(run[0])), data)


def _joined(pieces: list[tuple[str, str]]) -> str:
    told: list[str] = []
    before: _Look | None = None
    for codes, text in pieces:
        look = _look(codes)
        if before is not None and not text.strip(" "):
            look = look.on_blanks(before)
        change = look.after(before) if before is not None else codes
        if change is None:
            told.append(_RESET)
            change, look = codes, _look(codes)
        told.append(f"\x1b[{change}m{text}" if change else text)
        before = look
    return "".join([*told, _RESET])


@lru_cache(maxsize=1000)
def _look(codes: str) -> _Look:
    letters, ground, others = "", "", []
    for code in _PART.findall(codes):
        if _LETTERS.fullmatch(code):
            letters = code
        elif _GROUND.fullmatch(code):
            ground = code
        else:
            others.append(code)
    return _Look(letters, ground, frozenset(others))
