"""One result: a time beside its baseline's."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Ratio:
    """Median seconds of both sides, measured in turns in one run."""

    what: str
    seconds: float
    baseline: str
    baseline_seconds: float

    @property
    def value(self) -> float:
        return self.seconds / self.baseline_seconds

    @property
    def measured(self) -> str:
        return _readable(self.seconds)

    @property
    def compared(self) -> str:
        return _readable(self.baseline_seconds)


def medians(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """The median of each side of the pairs."""
    ours, theirs = zip(*pairs, strict=True)
    return median(ours), median(theirs)


def _readable(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
