"""A vault that 100,000 events a second flow into, while its monitor is asked once a second.

`python -m tests.benchmarks.busy_vault`: four processes flush the uses of a thousand keys every second, as recorders do.
"""

from __future__ import annotations

import multiprocessing
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Final

from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.domain.ranges import RANGES
from keytui.domain.usage import Caller, Flush, Use
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile

PROCESSES: Final = 4
KEYS: Final = 1_000
EVENTS: Final = 100_000
SECONDS: Final = 10
_CALLERS: Final = tuple(Caller.called(name) for name in ("web", "worker"))


def main() -> None:
    """Print the median and the 95th percentile of looks and of flushes, and how many events came to be counted."""
    with TemporaryDirectory() as home:
        profile = Profile("default", Path(home) / "default", Actor("benchmark"))
        vault = LocalVault.open(profile)
        keys = [vault.create(KeyDraft(f"key-{number}", "production"), f"{number}").key.id for number in range(KEYS)]
        ours, theirs = zip(*(multiprocessing.Pipe(duplex=False) for _ in range(PROCESSES)), strict=True)
        recorders = [
            multiprocessing.Process(target=_record, args=(profile, keys, number, answer))
            for number, answer in enumerate(theirs)
        ]
        for recorder in recorders:
            recorder.start()
        looks = [_look(vault) for _ in range(SECONDS)]
        flushes = [seconds for answer in ours for seconds in answer.recv()]
        for recorder in recorders:
            recorder.join()
        counted = sum(key.accepted for key in vault.monitor(RANGES[1], KEYS).keys)
        vault.close()
    for what, seconds in (("vault.monitor, 15 min", looks), ("feed.record", flushes)):
        high = quantiles(seconds, n=20)[-1]
        print(f"| {what} | p50 {median(seconds) * 1000:.0f} ms | p95 {high * 1000:.0f} ms |")  # noqa: T201  # the benchmark's output
    print(f"{counted:,} of {EVENTS * SECONDS:,} events counted")  # noqa: T201  # the benchmark's output


def _look(vault: LocalVault) -> float:
    time.sleep(1)
    started = time.perf_counter()
    vault.monitor(RANGES[1], 100)
    return time.perf_counter() - started


def _record(profile: Profile, keys: list[str], number: int, answer: Connection) -> None:
    """One recorder's flushes, each of a second's requests to every key."""
    feed, recorder = LocalFeed.open(profile), f"recorder-{number}"
    feed.register(recorder, f"api-{number}", "here", number)
    each = EVENTS // PROCESSES // KEYS
    taken: list[float] = []
    began = time.perf_counter()
    for sequence in range(1, SECONDS + 1):
        now = datetime.now(UTC)
        minute = now.replace(second=0, microsecond=0)
        uses = tuple(
            Use(key, 1, caller, minute, now, now, count)
            for key in keys
            for caller, count in zip(_CALLERS, (each - each // 2, each // 2), strict=True)
        )
        started = time.perf_counter()
        feed.record(Flush(recorder, sequence, now, uses))
        taken.append(time.perf_counter() - started)
        time.sleep(max(began + sequence - time.perf_counter(), 0))
    feed.close()
    answer.send(taken)


if __name__ == "__main__":
    main()
