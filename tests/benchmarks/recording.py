"""A flush of a busy fleet, 1,000 keys with 3 callers each, taken in from four processes at once.

Beside it, from four processes too, the least that SQLite must do for it: as many bare upserts, in one table of the
same width and one transaction a flush. `python -m tests.benchmarks.recording` says what that is in events a second.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from keytui.clock import utc_now
from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.domain.usage import Caller, Flush, Use
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.benchmarks.ratio import Ratio, medians

ROUNDS: Final = 5
PROCESSES: Final = 4
KEYS: Final = 1_000
CALLERS: Final = 3
FLUSHES: Final = 8
"""Of each process in a round."""
EVENTS: Final = 100_000
"""Requests that a second brings, in one flush of each process."""
_STATEMENTS: Final = 3 * KEYS + 2 * KEYS * CALLERS
"""Rows of a flush: of each key its minute, its version and itself, of each caller its history and its hour."""
_UPSERT: Final = (
    "INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at),"
    " accepted = accepted + excluded.accepted, refused = refused + excluded.refused"
)
_TABLE: Final = (
    "CREATE TABLE counts (series INTEGER, grain INTEGER, at INTEGER, first_at INTEGER, last_at INTEGER,"
    " accepted INTEGER, refused INTEGER, PRIMARY KEY (series, grain, at)) WITHOUT ROWID"
)


def ratios() -> Iterator[Ratio]:
    """Seconds a flush, with the other three processes at it too."""
    with TemporaryDirectory() as home:
        profile = Profile("default", Path(home) / "default", Actor("benchmark"))
        key_ids = _keys(profile)
        bare = Path(home) / "bare.db"
        with closing(sqlite3.connect(bare)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute(_TABLE)
        with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
            ours = partial(_from_all, pool, partial(_record, profile, key_ids))
            theirs = partial(_from_all, pool, partial(_upsert, bare))
            ours(), theirs()  # the processes start, the rows come to be
            pairs = [(ours(), theirs()) for _ in range(ROUNDS)]
    yield Ratio("a flush of 1,000 busy keys, from 4 processes", *_named(medians(pairs)))


def _named(seconds: tuple[float, float]) -> tuple[float, str, float]:
    return seconds[0], f"{_STATEMENTS:,} bare upserts in SQLite", seconds[1]


def _keys(profile: Profile) -> tuple[str, ...]:
    vault = LocalVault.open(profile)
    made = [vault.create(KeyDraft(f"busy-{number}", "production"), f"busy {number}") for number in range(KEYS)]
    vault.close()
    return tuple(issued.key.id for issued in made)


def _from_all(pool: ProcessPoolExecutor, work: Callable[[int], None]) -> float:
    """Seconds a flush, of all processes together."""
    started = time.perf_counter()
    for done in [pool.submit(work, number) for number in range(PROCESSES)]:
        done.result()
    return (time.perf_counter() - started) / (PROCESSES * FLUSHES)


def _record(profile: Profile, key_ids: tuple[str, ...], number: int) -> None:
    feed = LocalFeed.open(profile)
    recorder = f"{number}/{time.monotonic_ns()}"
    feed.register(recorder, f"api-{number}", "benchmark", number)
    for sequence in range(1, FLUSHES + 1):
        feed.record(_flush(recorder, sequence, key_ids))
    feed.close()


def _flush(recorder: str, sequence: int, key_ids: tuple[str, ...]) -> Flush:
    now = utc_now()
    minute = now.replace(second=0, microsecond=0)
    each = EVENTS // PROCESSES // (KEYS * CALLERS)
    callers = [Caller.called(f"web-{number}") for number in range(CALLERS)]
    uses = (
        Use(key_id, 1, caller, minute, now - timedelta(seconds=1), now, each)
        for key_id in key_ids
        for caller in callers
    )
    return Flush(recorder, sequence, now, tuple(uses))


def _upsert(path: Path, _: int) -> None:
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as database:
        for _flushes in range(FLUSHES):
            now = time.time_ns() // 1000
            database.execute("BEGIN IMMEDIATE")
            database.executemany(_UPSERT, [(series, 1, 0, now, now, 1, 0) for series in range(_STATEMENTS)])
            database.execute("COMMIT")


if __name__ == "__main__":
    for ratio in ratios():
        seconds = ratio.seconds
        print(  # noqa: T201  # the benchmark's output
            f"{ratio.measured} a flush ({ratio.baseline} {ratio.compared}, ratio {ratio.value:.1f}): at a flush"
            f" a second of each process the vault is busy {PROCESSES * seconds:.0%} of the time; in flushes of"
            f" {EVENTS // PROCESSES:,} events it takes in {EVENTS // PROCESSES / seconds:,.0f} a second at most"
        )
