"""Finds whole secrets in lines, wherever they stand: a cheap look at a whole block, a careful one where that hits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from keytui.domain.recognition import Recognised, Recogniser
from keytui.domain.secrets import PREFIX_LENGTH

_WORD: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_APART: Final = frozenset(b"\t\n\r \"'&?=:,;<>()[]{}|`\\")
_WORDS_ONLY: Final = bytes(code if code in _WORD else 0x20 for code in range(256))
"""Leaves words: what most issuers' secrets are made of."""
_ALL_BUT_BLANKS: Final = bytes(0x20 if code in _APART else code for code in range(256))
"""Leaves everything that an imported secret may begin with."""
_HEAD: Final = 3
"""First bytes that secrets of one issuer mostly share, as `tk_`."""
_MOST_HEADS: Final = 8
"""With more than so many, looking for each is slower than looking at every word."""
_REST: Final = rb"[^\s\"\\]{%d,}" % (PREFIX_LENGTH + 1 - _HEAD)
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})|\\x([0-9A-Fa-f]{2})|\\u00([0-9A-Fa-f]{2})|\\(/)")
_ENDS: Final = tuple(
    re.compile(f"{characters}{{1,4096}}{behind}")
    for characters, behind in (
        (r"[\w-]", ""),
        (r"[\w+/-]", "={0,2}"),
        (r"[^\s\"'&;,]", ""),
        (r"[^\s\"&]", ""),
        (r"[^\s\"]", ""),
    )
)
"""How far a secret may reach from where it begins."""
_MOST_TRIED: Final = 32
"""Places in one line: whoever knows a prefix could write it there a thousand times, to keep us busy."""


class Leaks:
    """Looks for secrets of versions that have a prefix; a weak value has none, and is known in the key's field only."""

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self._beginnings = {prefix.encode() for prefix in recogniser.beginnings}
        heads = {beginning[:_HEAD] for beginning in self._beginnings}
        self._heads = [re.compile(re.escape(head) + _REST) for head in heads] if len(heads) <= _MOST_HEADS else []
        self._tables = [_WORDS_ONLY]
        if any(not _WORD.issuperset(beginning) for beginning in self._beginnings):
            self._tables.append(_ALL_BUT_BLANKS)

    def beginnings_in(self, block: bytes) -> tuple[bytes, ...]:
        """The beginnings of secrets that the lines hold, with more behind than a prefix; mostly none."""
        if not self._beginnings:
            return ()
        begun = {text[:PREFIX_LENGTH] for text in self._long_texts(without_escapes(block))}
        return tuple(begun & self._beginnings)

    def _long_texts(self, plain: bytes) -> Iterator[bytes]:
        """Texts longer than a prefix that may begin as a secret does."""
        if self._heads:
            for head in self._heads:
                yield from head.findall(plain)
        else:
            for table in self._tables:
                yield from (text for text in plain.translate(table).split() if len(text) > PREFIX_LENGTH)

    def in_line(self, line: bytes, beginnings: tuple[bytes, ...]) -> Recognised | None:
        """The first whole secret of a line that begins with one of `beginnings`."""
        return next(self.all_in_line(line, beginnings), None)

    def all_in_line(
        self, line: bytes, beginnings: tuple[bytes, ...], most_tried: int = _MOST_TRIED
    ) -> Iterator[Recognised]:
        """Every whole secret of a line that begins with one of `beginnings`, trying so many places of each."""
        plain = without_escapes(line)
        for beginning in beginnings:
            if beginning in plain:
                text = plain.decode(errors="replace")
                for candidate in _candidates(text, beginning.decode(), most_tried):
                    yield from self._recogniser.whole_secrets(candidate)

    def left_of(self, field: str, weak: str) -> str:
        """A field of a line that holds a secret: nothing of it where the secret may stand there.

        `weak` is a secret that is known by no beginning; "" for none.
        """
        plain = without_escapes(field.encode(errors="replace")).decode(errors="replace")
        beginnings = (plain[start : start + PREFIX_LENGTH] for start in range(len(plain) - PREFIX_LENGTH))
        held = bool(weak) and weak in plain
        return "" if held or any(map(self._recogniser.begins, beginnings)) else field


def without_escapes(data: bytes) -> bytes:
    """Without the escapes of URLs, JSON and nginx."""
    if b"%" not in data and b"\\" not in data:
        return data
    return _ESCAPE.sub(lambda match: match[4] or bytes.fromhex((match[1] or match[2] or match[3]).decode()), data)


def _candidates(text: str, beginning: str, most_tried: int) -> Iterator[str]:
    start = text.find(beginning)
    for _ in range(most_tried):
        if start < 0:
            return
        ends = {match.end() for pattern in _ENDS if (match := pattern.match(text, start))}
        yield from (text[start:end] for end in sorted(ends) if end - start > PREFIX_LENGTH)
        start = text.find(beginning, start + 1)
