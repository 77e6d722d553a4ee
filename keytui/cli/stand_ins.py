"""ASCII for the symbols that we draw, where a stream cannot carry them: as many characters as the symbol has cells."""

from __future__ import annotations

import codecs
from typing import Final

NAME: Final = "keytui-stand-in"
"""The name of the error handler, for `errors=` of a stream."""
_SYMBOLS: Final = {
    "─━╌┄═▔▁": "-",
    "│┃║▌▐▏▎▕": "|",
    "┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛╔╗╚╝": "+",
    "●•■▣▪": "*",
    "○◌◯□": "o",
    "·": ".",
    "…": "~",
    "—–": "-",
    "✓": "v",
    "✗×✕": "x",
    "▲↑": "^",
    "▼↓": "v",
    "→▶›»": ">",
    "←◀‹«": "<",
    "↵": "<",
    "≥": ">",
    "≤": "<",
    "█▇▆▅▓": "#",
    "▄▃▒": "=",
    "▂░": "_",
    "“”„": '"',
    "‘’": "'",
    "\N{NO-BREAK SPACE}": " ",
}
_ASCII: Final = {symbol: stand_in for symbols, stand_in in _SYMBOLS.items() for symbol in symbols}


def stand_in(text: str) -> str:
    """ASCII for our symbols; what is not one of them is told by its escape, so that no two names come out alike."""
    return "".join(_ASCII.get(each) or each.encode("ascii", "backslashreplace").decode() for each in text)


def _instead(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return stand_in(error.object[error.start : error.end]), error.end


codecs.register_error(NAME, _instead)
