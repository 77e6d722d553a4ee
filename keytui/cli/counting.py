"""How many there are of something, in words."""

from __future__ import annotations


def counted(number: int, noun: str, many: str = "") -> str:
    """`1 key`, `2 keys`; `many` is the plural where an s does not make it."""
    return f"{number} {noun if number == 1 else many or f'{noun}s'}"
