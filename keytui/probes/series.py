"""Counters as a server gives them: series by their labels, each with the samples that were taken of it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

Target = tuple[str, str]
"""The job and instance that Prometheus scraped something from; empty where there are none."""
_COUNTABLE: Final = 2.0**53
"""From here on a float cannot hold one more request."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A counter's value at a time. `started`: when the process that counts began, as it says itself; None: unsaid."""

    at: datetime
    value: float
    started: float | None = None

    @property
    def countable(self) -> bool:
        """Whether it is a value that a counter of requests can have."""
        return math.isfinite(self.value) and 0 <= self.value < _COUNTABLE


@dataclass(frozen=True, slots=True)
class Series:
    """One counter: its labels, and its samples, oldest first."""

    labels: Mapping[str, str]
    samples: tuple[Sample, ...]

    @property
    def digest(self) -> str:
        """A short name for exactly these labels."""
        return hashlib.sha256(json.dumps(sorted(self.labels.items())).encode()).hexdigest()[:32]

    @property
    def target(self) -> Target:
        """Where it was scraped."""
        return self.labels.get("job", ""), self.labels.get("instance", "")
