"""Texts within a text that are written in base64, as Kubernetes keeps secrets and as Basic authorisation has them."""

from __future__ import annotations

import binascii
import string
from typing import Final

_LEAST: Final = 22
"""Characters of 16 bytes, which is what the shortest secret that is no weak one has."""
_DIGITS: Final = frozenset(f"{string.ascii_letters}{string.digits}+/-_".encode())
_MARKED: Final = bytes(0x78 if code in _DIGITS else 0x20 for code in range(256))
"""Leaves x for what base64 is written in, and blanks for the rest: a run of them is found faster than by a pattern."""
_RUN: Final = b"x" * _LEAST
_PLAIN: Final = bytes.maketrans(b"-_", b"+/")
_ON_ONE_LINE: Final = bytes.maketrans(b"\n", b" ")


def decoded(block: bytes) -> bytes:
    """What stands in base64 in it, each on the line that it came from; nothing where there is none."""
    marked = block.translate(_MARKED)
    parts: list[bytes] = []
    end, start = 0, marked.find(_RUN)
    while start >= 0:
        parts.append(b" " + b"\n" * block.count(b"\n", end, start))
        end = marked.find(b" ", start)
        end = end if end >= 0 else len(block)
        parts.append(_of_run(block[start:end]))
        start = marked.find(_RUN, end)
    return b"".join(parts)


def _of_run(run: bytes) -> bytes:
    whole = run[: len(run) - 1] if len(run) % 4 == 1 else run
    return binascii.a2b_base64(whole.translate(_PLAIN) + b"=" * (-len(whole) % 4)).translate(_ON_ONE_LINE)
