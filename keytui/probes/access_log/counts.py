"""What became of a file's lines: each is counted once, under one word."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Final

MOST_SAMPLES: Final = 3
_SAMPLE_LENGTH: Final = 60


@dataclass(slots=True)
class FileCounts:
    """One file's count. Every line is in exactly one of the first nine; blank lines are none."""

    accepted: int = 0
    """Let in with a version that we know."""
    refused: int = 0
    """Turned away with a version that we know."""
    undecided: int = 0
    """Answered in a way that says nothing about the key, which is the newest version: counted neither way."""
    without_key: int = 0
    unknown: int = 0
    """With a key that no version here answers to."""
    shared: int = 0
    """With a prefix that several versions share."""
    skewed: int = 0
    """Of a time that is still to come."""
    astray: int = 0
    """Of a time more than a day before that of a line before them, or years before all others."""
    not_understood: int = 0
    leaks: int = 0
    """Lines that hold a whole secret, whatever else became of them."""
    zoneless: int = 0
    """Times without a zone, taken for UTC."""
    short: int = 0
    """Unknown keys of fewer characters than a prefix has."""
    keyed: int = 0
    """Blocks up to which some line had a field that could be the key."""
    in_a_row: int = 0
    """Lines not understood since the last block of which some were."""
    samples: list[str] = field(default_factory=list)
    """Lines that were not understood, as `line 3: xxxx 99 {…`: their shape and none of their text."""

    @property
    def lines(self) -> int:
        return (
            self.accepted
            + self.refused
            + self.undecided
            + self.without_key
            + self.unknown
            + self.shared
            + self.skewed
            + self.astray
            + self.not_understood
        )

    @property
    def named(self) -> int:
        """Lines that named a key, be it unknown."""
        return self.accepted + self.refused + self.undecided + self.unknown + self.shared

    @property
    def counted(self) -> int:
        """Lines that became usage of a version."""
        return self.accepted + self.refused

    def sample(self, number: int, text: str) -> None:
        """Keep the shape of a line that was not understood, for the first few."""
        if len(self.samples) < MOST_SAMPLES:
            self.samples.append(f"line {number}: {_shape(text)}")

    def add(self, other: FileCounts) -> None:
        """Sum another up, its samples apart."""
        for one in fields(self):
            if one.name not in ("samples", "in_a_row"):
                setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


def _shape(text: str) -> str:
    """`a1 "GET` as `x9 "xxx`: a line that nobody understood may hold a secret anywhere."""
    shown = "".join(
        "9" if c.isdigit() else "x" if c.isalpha() else c if c.isascii() and c.isprintable() else "?"
        for c in text[:_SAMPLE_LENGTH]
    )
    return shown + ("…" if len(text) > _SAMPLE_LENGTH else "")
