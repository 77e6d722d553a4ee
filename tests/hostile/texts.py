"""Texts as somebody writes them who wants a terminal, a table, a spreadsheet or a log to do something else."""

from __future__ import annotations

from itertools import count
from typing import Final

from keytui.domain.text import harmless

BITS: Final = (
    "\x1b]8;;https://evil.test\x1b\\a link\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b[31;5m\x1b[2J\x1b[H\x1b[?1049l",
    "\x1bP+q544e\x1b\\\x1b_Gi=1\x1b\\",
    "\x9b31m\x90q\x9c\x85\x9d8;;x\x9c",
    "[red]x[/red] [/] [@click=app.quit]q[/] [link=https://evil.test]l[/link] :bomb: $x",
    "\u202egnp.exe\u202c \u2066a\u2067b\u2069 \u200f\u061c",
    "\u200b\u200c\u200d\ufeff\u00ad\u2060\u034f\u3164\u115f\uffa0",
    "\U000e0041\U000e007f\u2028\u2029\ufffe\U0010ffff\ue000",
    "漢字カナ한글ﾊﾝｶｸ ᄒ\u1161\u11ab",
    "👩\u200d👩\u200d👧❤\ufe0f 👍\U0001f3fd \U0001f1e9\U0001f1ea",
    "\u0301é" + "e\u0301" + "o" + "\u0336\u20dd" * 20 + " क्षि ไม้ שלום مرحبا",
    "\ud800x\udfff",
    "a\nb\r\nc\td\x0b\x0c\x00\x7f",
    "=1+1;+2;\t-3,@SUM(1)",
    "{0} %s %(x)s ${HOME} `id` $(id) '\" <b>&amp;</b> | # *a* \\",
)
WHOLE: Final = "".join(BITS)


class Speech:
    """Puts before each word all the BITS, each time beginning with another one, until it has `length` characters."""

    def __init__(self, length: int = 0) -> None:
        self._turn = count()
        self._length = length

    def __call__(self, word: str) -> str:
        at = next(self._turn) % len(BITS)
        said = "".join((*BITS[at:], *BITS[:at]))
        return (said * (self._length // len(said) + 1)) + word


def dangers(text: str) -> str:
    """The characters of a text that may not reach a terminal, as escapes; "" when there is none."""
    return "".join(harmless(one) for one in sorted(set(text)) if one != "\n" and harmless("x" + one) != "x" + one)
