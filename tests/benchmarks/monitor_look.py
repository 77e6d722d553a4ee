"""How long one look at the monitor takes: `python -m tests.benchmarks.monitor_look`. The first one, and those after."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from keytui.domain.ranges import RANGES, Range
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.benchmarks.fleet import NOW, filled

ROUNDS: Final = 9
SHOWN: Final = 100


def main() -> None:
    """Print a row a fleet and range: milliseconds of the first look by a process, and the median of the next ones."""
    for keys, busy in ((1_000, 1_000), (10_000, 1_000)):
        with TemporaryDirectory() as home:
            profile = filled(Path(home), keys, busy)
            for over in RANGES:
                first, again = _looks(profile, over)
                row = f"| {keys:,} keys, {busy:,} busy | {over.label} | {first:.0f} ms | {again:.0f} ms |"
                print(row, flush=True)  # noqa: T201  # the benchmark's output


def _looks(profile: Profile, over: Range) -> tuple[float, float]:
    vault = LocalVault.open(profile, clock=lambda: NOW)
    first, *later = (_milliseconds(lambda: vault.monitor(over, SHOWN)) for _ in range(ROUNDS + 1))
    vault.close()
    return first, median(later)


def _milliseconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
