"""What Textual writes to a terminal, read back: cells with their looks, at their places."""

from __future__ import annotations

import re
from typing import Final

from keytui.tui.looks import PLAIN, look_of
from keytui.tui.picture import Picture

_TEXT: Final = r"[^\x00-\x1f\x7f-\x9f]"
_TOKEN: Final = re.compile(rf"\n*\x1b\[(\d+);(\d+)H|\x1b\[([\d;]+)m({_TEXT}*)\x1b\[0m|({_TEXT}+)")
"""What it draws with: moves, pieces with their codes, and texts without any."""


def draw(data: str, picture: Picture) -> bool:
    """Take what was written into the picture; whether all of it was a drawing. If not, the picture is true no more."""
    column = line = end = 0
    for token in _TOKEN.finditer(data):
        if token.start() != end:
            return False
        end = token.end()
        if token[1]:
            line, column = int(token[1]) - 1, int(token[2]) - 1
        elif token[5]:
            column = picture.draw(column, line, token[5], PLAIN)
        else:
            column = picture.draw(column, line, token[4], look_of(token[3]))
    picture.cursor = column, line
    return end == len(data)
