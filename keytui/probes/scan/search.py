"""Searches bytes for whole secrets, a block at a time: by their first characters, or by trying every text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from keytui.domain.recognition import Recognised, Recogniser
from keytui.probes.access_log.leaks import Leaks, without_escapes
from keytui.probes.scan.encoded import decoded

BLOCK: Final = 1024 * 1024
OVERLAP: Final = 32 * 1024
"""Bytes that are looked at twice where no line ends: more than the longest secret, each of its characters escaped."""
LEAST: Final = 6
"""Characters of the shortest secret that is looked for by trying texts: any shorter one stands in every book."""
_MOST: Final = 4096
_MOST_TRIED: Final = 1000
"""Places in one line that begin as a secret does: whoever knows a prefix could write it there to keep us busy."""
_REMEMBERED: Final = 300_000
"""Texts that were tried and are no secret: most come again and again."""
_WORD: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_APART: Final = frozenset(b"\"'`<>\\")
_PUNCTUATION: Final = frozenset(b"&?=:,;()[]{}|")
_CUTS: Final = tuple(
    bytes(0x20 if code <= 0x20 or code in _APART or code in cut else code for code in range(256))
    for cut in (frozenset(range(256)) - _WORD, _PUNCTUATION, frozenset[int]())
)
"""Three ways to cut a line into texts: into words, at punctuation, and at blanks and quotes alone."""
_LINE_ENDS: Final = b"\n"
_GOES_ON: Final = rb"[\w+/-]{8,}"
_BREAKS: Final = re.compile(rb"\\[nrt]")

Read = Callable[[int], bytes]
"""Up to so many bytes, the next of a content; none at its end."""
Version = tuple[str, int]
"""A key's id and the number of a version."""


@dataclass(slots=True)
class Lines:
    """Where in one content a version's secret stands: the first line, and how many lines there are."""

    first: int
    count: int = 0
    last: int = 0
    likely: bool = False
    """Only its beginning is known, and whoever knows that could have written the rest."""

    def see(self, line: int) -> None:
        """Lines come in order; one that is looked at twice counts once."""
        if line > self.last:
            self.count += 1
            self.last = line


class Search:
    """Looks for every secret that a recogniser knows."""

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self._leaks = Leaks(recogniser)
        self._likely = {prefix.encode(): found for prefix, found in recogniser.likely.items()}
        self._tried: set[bytes] = set()

    def through(self, read: Read) -> Mapping[Version, Lines]:
        """What a content holds. It is read once, and no more than two blocks of it are in memory."""
        found: dict[Version, Lines] = {}
        carry, line = b"", 1
        while data := read(BLOCK):
            block = carry + data
            end = block.rfind(_LINE_ENDS, len(block) - OVERLAP if len(block) > OVERLAP else 0) + 1
            looked_at, carry = (block[:end], block[end:]) if end else (block, block[-OVERLAP:])
            self._look(looked_at, line, found)
            line += block.count(_LINE_ENDS, 0, len(block) - len(carry))
        self._look(carry, line, found)
        return found

    def within(self, text: bytes) -> Mapping[Version, Lines]:
        """The versions whose secrets stand in a short text, as a file's name."""
        found: dict[Version, Lines] = {}
        self._look(text, 1, found)
        return found

    def _look(self, block: bytes, first: int, found: dict[Version, Lines]) -> None:
        """Add what stands in the block, whose first line has the number `first`."""
        seen: dict[Version, set[int]] = {}
        likely: set[Version] = set()
        for variant in _variants(block):
            for number, secret in self._in_variant(variant, first):
                version = secret.key_id, secret.version
                seen.setdefault(version, set()).add(number)
                if secret.by_prefix:
                    likely.add(version)
        for version, numbers in seen.items():
            lines = found.setdefault(version, Lines(min(numbers), likely=version in likely))
            for number in sorted(numbers):
                lines.see(number)

    def _in_variant(self, block: bytes, first: int) -> Iterator[tuple[int, Recognised]]:
        if beginnings := self._leaks.beginnings_in(block):
            for number, line in enumerate(block.split(_LINE_ENDS), first):
                for secret in self._leaks.all_in_line(line, beginnings, _MOST_TRIED):
                    yield number, secret
            yield from self._by_beginning(block, first, [one for one in beginnings if one in self._likely])
        if self._recogniser.nameless:
            yield from self._by_trying(block, first)

    def _by_beginning(self, block: bytes, first: int, beginnings: Sequence[bytes]) -> Iterator[tuple[int, Recognised]]:
        """Of versions whose values nobody here has: what begins so and goes on as a secret does."""
        for beginning in beginnings:
            whole = re.compile(re.escape(beginning) + _GOES_ON)
            for number, line in enumerate(block.split(_LINE_ENDS), first):
                if whole.search(without_escapes(line)):
                    yield number, self._likely[beginning]

    def _by_trying(self, block: bytes, first: int) -> Iterator[tuple[int, Recognised]]:
        secrets = self._recogniser.keyed(self._untried(block))
        if secrets:
            for number, line in enumerate(block.split(_LINE_ENDS), first):
                for text in _texts(without_escapes(line)) & secrets.keys():
                    for secret in secrets[text]:
                        yield number, secret
        self._tried -= secrets.keys()

    def _untried(self, block: bytes) -> Iterable[bytes]:
        untried = _texts(without_escapes(block)) - self._tried
        if len(self._tried) > _REMEMBERED:
            self._tried = set()
        self._tried |= untried
        return untried


def _variants(block: bytes) -> Iterator[bytes]:
    """The block, in each way in which a secret may begin in it.

    NUL characters are blanks, or, as UTF-16 has them, not there. In a text within a text, a line break is two
    characters, of which the second would read as the secret's first. And what is in base64 is looked at as it reads.
    """
    plain = block.replace(b"\0", b" ")
    yield plain
    if len(block) / 4 < block.count(b"\0"):
        yield block.replace(b"\0", b"")
    if b"\\" in block and (broken := _BREAKS.sub(b"  ", plain)) != plain:
        yield broken
    if inner := decoded(plain):
        yield inner


def _texts(plain: bytes) -> set[bytes]:
    """Everything in it that may be a secret of no known beginning."""
    texts: set[bytes] = set()
    for cut in _CUTS:
        texts.update(plain.translate(cut).split())
    texts.update([text.partition(b"=")[2] for text in plain.translate(_CUTS[-1]).split() if b"=" in text])
    return {text for text in texts if LEAST <= len(text) <= _MOST}
